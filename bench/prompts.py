"""What prompts of Layer 4 cost beside those of a plain pipeline, on the starter questions: `python -m bench.prompts`.

Each alias of each starter fact is asked as if nobody had written it down. The plain prompt has the twenty facts that
share most with the question; where fewer share a word with it, the question is left out of the ratio.
"""

import json
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from kitbash.cascade import confidence, plain_rag
from kitbash.cascade.asked import Asked
from kitbash.cascade.chosen import chosen
from kitbash.cascade.prompt import assemble
from kitbash.cascade.search import closest, nearby
from kitbash.cascade.training.examples import Questions, examples
from kitbash.cascade.triage import idf
from kitbash.domain.candidate import Candidate, Features
from kitbash.domain.words import content_stems
from kitbash.knowledge import starter
from kitbash.knowledge.library import Library
from kitbash.models.generator import estimate_tokens

BUDGET_TOKENS = 512
SEED = 7


def main() -> None:
    """Print one JSON object."""
    weights = confidence.load()
    with TemporaryDirectory() as folder:
        starter.ensure(Path(folder))
        library = Library([Path(folder)], Path(folder) / "cache")
        questions = Questions(list(library.cartridges.values()))
        ratios: list[float] = []
        ours: list[int] = []
        inside: list[bool] = []
        for example in examples(questions, questions.facts, SEED, with_shorter=False):
            if not example.is_kept:
                continue
            options = (Features(*it) for it in example.options)
            proposed = [Candidate(0, *it) for it in zip(example.facts, options, strict=True)]
            asked = assemble(
                example.question, chosen(proposed, weights), budget_tokens=BUDGET_TOKENS, count=estimate_tokens
            )
            right = None if example.right is None else example.facts[example.right]
            inside.append(right in asked.evidence)
            ours.append(asked.tokens)
            passages = twenty(example.question, questions)
            if len(passages) == plain_rag.PASSAGES:
                ratios.append(asked.tokens / estimate_tokens(plain_rag.prompt(example.question, passages)))
        library.close()
    figures = {
        "measure": "curated_prompts",
        "questions": len(inside),
        "prompt_tokens_median": statistics.median(ours),
        "share_of_plain_median": round(statistics.median(ratios), 4),
        "with_twenty_passages": len(ratios),
        "answering_fact_inside": round(sum(inside) / len(inside), 4),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def twenty(question: str, questions: Questions) -> list[str]:
    """Return the texts of the twenty facts that share most with a question, or fewer if fewer share a word."""
    stems = dict.fromkeys(content_stems(question))
    weights = {stem: idf(len(questions.facts), 1) for stem in stems}
    asked = Asked.of(question, weights, frozenset())
    near = [fact for it in questions.cartridges for fact in nearby(asked, it, frozenset(), plain_rag.PASSAGES)]
    return [fact.text for fact in closest(asked, near, plain_rag.PASSAGES)]


main()
