from __future__ import annotations

import numpy as np
import pytest

from bench_augmentations import FrequencyMask, TimeStretch
from bench_features import Mel
from bench_metrics import MacroF1, Top1, TopK
from bench_models import Majority, MfccSvm
from benchmark import Augmentation, Features, Metric, Model
from benchmark.contract.check import broken_promises, untried


@pytest.mark.parametrize("component", [FrequencyMask, TimeStretch, Mel, Top1, MacroF1, Majority, MfccSvm])
def test_built_in_components_keep_their_promises(component) -> None:
    assert list(broken_promises(component)) == []


def test_what_has_no_default_is_not_tried_and_says_so() -> None:
    assert "no default for k" in untried(TopK)


def problems(component) -> str:
    assert not untried(component)
    return "; ".join(broken_promises(component))


def test_an_augmentation_that_spoils_its_input_or_draws_elsewhere_is_found() -> None:
    class Spoiler(Augmentation):
        """Adds noise in place."""

        name, acts_on = "spoiler", "waveform"

        def apply(self, data, rng, **settings):
            data += np.random.default_rng().normal(size=len(data)).astype(np.float32)
            return data

    found = problems(Spoiler)
    assert "apply changes what it is given" in found

    class Dice(Augmentation):
        """Adds noise of its own."""

        name, acts_on = "dice", "waveform"

        def apply(self, data, rng, **settings):
            return data + np.random.default_rng().normal(size=len(data)).astype(np.float32)

    assert "two results for the same random numbers" in problems(Dice)


def test_features_of_another_shape_than_they_say_are_found() -> None:
    class Wrong(Features):
        """Says one thing and does another."""

        name, shape = "wrong", (4, 4, 1)

        def compute(self, samples, sample_rate, *, reference_length):
            return np.zeros((4, 5, 1), np.uint8)

    assert "compute gave uint8 (4, 5, 1) for music instead of uint8 (4, 4, 1)" in problems(Wrong)


def test_a_metric_with_the_wrong_direction_is_found() -> None:
    class Upside(Metric):
        """Errors, as if they were good."""

        name = "upside"

        def compute(self, labels, probabilities):
            return float((probabilities.argmax(axis=1) != labels).mean())

    assert "does not fit greater_is_better" in problems(Upside)


def test_a_model_that_gives_no_probabilities_or_raises_is_found() -> None:
    class Scores(Majority):
        """Answers that add up to three."""

        name = "scores"

        def predict(self, examples):
            return np.ones((len(examples), examples.num_classes), np.float32)

    assert "are not probabilities" in problems(Scores)

    class Unfinished(Model):
        """Cannot be trained."""

        name = "unfinished"

        def fit(self, train, validation, run):
            raise ZeroDivisionError("no luck")

    assert problems(Unfinished) == "ZeroDivisionError: no luck"


def test_a_component_without_words_is_found() -> None:
    class Silent(Metric):
        name = "silent"

        def compute(self, labels, probabilities):
            return float((probabilities.argmax(axis=1) == labels).mean())

    assert "no docstring" in problems(Silent)


def test_the_command_line_names_what_is_broken_and_exits_with_one(project) -> None:
    project.write("name: unused\n")
    fine = project.bench("plugins", "check", "majority", "top1", "mel")
    assert fine.code == 0, fine.out
    assert fine.out.count(": ok") == 3
    (project.folder / "benchfile.py").write_text(
        "from benchmark import Metric, hookimpl\n"
        "class Bad(Metric):\n"
        "    'Always raises.'\n"
        "    name = 'bad'\n"
        "    def compute(self, labels, probabilities):\n"
        "        raise ValueError('never')\n"
        "@hookimpl\n"
        "def bench_metrics():\n"
        "    return [Bad]\n"
    )
    bad = project.bench("plugins", "check", "bad", "--suite", "suite.yaml")
    assert bad.code == 1
    assert "metric bad: NOT OK" in bad.out
    assert "ValueError: never" in bad.out
    assert project.bench("plugins", "check", "majorit").code == 2
