"""How the weights of the confidence are fitted to questions whose facts are known."""
