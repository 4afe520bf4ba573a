"""Questions and commands that no fact answers, to learn from that nothing should be said."""

from typing import Final

SMALL_TALK: Final = (
    "How are you today?", "Tell me a joke", "Set an alarm for seven", "What should I cook tonight?",
    "Play some music", "What time is it?", "Book a table for two", "How much money is in my account?",
    "Who won the match last night?", "What is the weather like in Berlin tomorrow?", "Do you love me?",
    "Turn off the light in the kitchen", "What is the share price of the bank?", "When is my next meeting?",
    "Who is the best guitarist of all time?", "What does my sister like?", "How do I reset my password?",
    "Translate good morning into Japanese", "What is the plot of the film?", "Where did I park the car?",
    "How long is the flight to Tokyo?", "Which phone should I buy?", "Remind me to water the plants",
    "Who directed the film about the shark?", "What is the meaning of my dream?", "Is the shop open on Sunday?",
    "How many points did the team score?", "What is the recipe for pancakes?", "Call my mother",
    "Which song was number one in the charts in May?", "Why is my computer so slow today?",
    "Can I return the shoes I bought?", "What is the dress code at the club?", "How tall is the singer?",
    "Who plays the detective in the series?", "When does the train to the coast leave?", "Add milk to my list",
    "What is the tax rate for a small company?", "How do I change a tyre?", "What is the name of his first wife?",
    "How can I save more?", "What should I wear on a cold day?", "How do I lose weight fast?", "Is it time to go?",
    "Where can I find a good doctor?", "How do I get a better job?", "What should I read next?", "Wake me at six",
    "When is the bank open today?", "Who sings the song about the rain?", "Who makes the best chocolate?",
    "What is the light in the kitchen for?", "Which gas station is the closest one?", "How long will I live?",
    "What is my heart telling me?", "Move the meeting to noon", "What is the next train to the city?",
    "Which team won the cup this year?", "How many episodes are in the first season?", "Is my flight on time?",
    "Who played the king in the film?", "What is the name of the band?", "How far is the hotel from the beach?",
    "What does the star of the show earn?", "Where is the next world cup?", "Who wrote the theme of the series?",
    "What is the pressure in my tyres?", "Order a large pizza", "How much energy does my house use?",
    "Who is the voice of the bear in the film?", "Can my phone survive in water?", "Start the timer",
    "What is on my calendar?", "What is the fastest way home?", "How hot is it outside?", "Count to ten",
)  # fmt: skip
