"""genrebench: which architecture and which augmentation is better, by how much, and is the difference real?

The names below are what a plugin needs. They are loaded when first used, so that importing this package, and with it
any plugin, stays cheap.

Contracts, one of which a component subclasses:

- ``Augmentation``: a change to training items: of waveforms, features or batches
- ``AudioFormat``: what recordings sound like once they have been stored in it
- ``Corruption``: how test tracks are worn on purpose, in steps of a physical measure
- ``Dataset``: where tracks come from
- ``Features``: what a waveform becomes before a model sees it
- ``KerasModel``: a Keras network: write ``build``
- ``Metric``: a number that says how good predictions are
- ``Model``: anything that learns: write ``fit``, ``predict``, ``save`` and ``load``
- ``SklearnModel``: a scikit-learn classifier: write ``estimator``
- ``TorchModel``: a PyTorch module: write ``build``
- ``Tracker``: is told what happens in a run
- ``hookimpl``: marks the functions that offer components, verbs and trackers

Marks of parameters, in ``Annotated``:

- ``File``: names a file, whose content counts
- ``Later``: came after results had been made without it
- ``Parts``: lists other components
- ``Location``: says where something lies, which does not count

What models are handed, and hand back:

- ``Epoch``: a line of a history
- ``Examples``: labelled items, gathered on demand
- ``OperationCount``: the multiply-adds of one item
- ``ParameterCount``: how many weights there are, and how many are trained
- ``Stage``: a phase of training
- ``TrainingRun``: settings, seed, time limit, and whom to tell about progress
- ``SAMPLE_RATE``: of all waveforms, in Hz
- ``TrainingSettings``: epochs, batch size, optimizer and the like
- ``asked_backend``: which Keras backend is asked for
- ``derive_generator``: a generator from names: for all that is drawn
- ``derive_seed``: a seed from names

What trackers are told of:

- ``CellRecord``: what is filed of a cell
- ``PlannedCell``: a cell that has not ended

What datasets are made with:

- ``Candidate``: a file that a dataset means to use
- ``Corpus``: a dataset's tracks and classes
- ``Found``: what lies in a folder, and what of it is no audio
- ``LeftOut``: a file that could not be used, and why
- ``Locations``: where data, cache and results lie
- ``MANIFEST``: what a manifest is called
- ``Role``: whether a dataset may be trained on
- ``Track``: one recording
- ``build_corpus``: look at each file, keep what is usable, name what is not
- ``find_root``: the folder of a dataset, from the command line or the environment
- ``generated_folder``: a folder of data that a dataset makes itself, once
- ``holds_audio``: whether there is audio below a folder
- ``leaves_root``: whether a name leads out of its folder
- ``look_into``: all that lies below a folder, sorted
- ``others_text``: what in a folder is no audio, in words
- ``read_manifest``: the lines of a manifest
- ``reasons_text``: the commonest reasons why files were left out
- ``recall_files``: what is known of files without looking at them again
- ``shown``: a name as people can read it
- ``subfolders``: the folders in a folder, sorted, each once
- ``write_manifest``: write a manifest, whole

Results, for notebooks and programs of your own:

- ``load``: what is stored in a folder, in a bundle or of a suite, as data frames
- ``run``: run what is missing of a suite, and load it

Errors that are for people, and what belongs into them:

- ``DatasetError``: a dataset is absent or cannot be used
- ``PluginError``: a component cannot do what is asked
- ``Problem``: what is wrong at one place of a file
- ``WeightsError``: a file of weights cannot be used
- ``did_you_mean``: the nearest name, and what is allowed
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.backend import asked_backend as asked_backend
    from benchmark.data.corpus import Candidate as Candidate
    from benchmark.data.corpus import build_corpus as build_corpus
    from benchmark.data.folders import Found as Found
    from benchmark.data.folders import find_root as find_root
    from benchmark.data.folders import holds_audio as holds_audio
    from benchmark.data.folders import look_into as look_into
    from benchmark.data.folders import others_text as others_text
    from benchmark.data.folders import shown as shown
    from benchmark.data.folders import subfolders as subfolders
    from benchmark.data.generated import generated_folder as generated_folder
    from benchmark.data.manifest import MANIFEST as MANIFEST
    from benchmark.data.manifest import leaves_root as leaves_root
    from benchmark.data.manifest import read_manifest as read_manifest
    from benchmark.data.manifest import write_manifest as write_manifest
    from benchmark.data.probe import recall_files as recall_files
    from benchmark.exceptions import DatasetError as DatasetError
    from benchmark.exceptions import PluginError as PluginError
    from benchmark.exceptions import Problem as Problem
    from benchmark.exceptions import WeightsError as WeightsError
    from benchmark.exceptions import did_you_mean as did_you_mean
    from benchmark.locations import Locations as Locations
    from benchmark.notebook import load as load
    from benchmark.notebook import run as run
    from benchmark.plugin.audio_format import AudioFormat as AudioFormat
    from benchmark.plugin.augmentation import Augmentation as Augmentation
    from benchmark.plugin.component import File as File
    from benchmark.plugin.component import Later as Later
    from benchmark.plugin.component import Location as Location
    from benchmark.plugin.component import Parts as Parts
    from benchmark.plugin.corruption import Corruption as Corruption
    from benchmark.plugin.dataset import Dataset as Dataset
    from benchmark.plugin.dataset import Role as Role
    from benchmark.plugin.examples import Examples as Examples
    from benchmark.plugin.features import Features as Features
    from benchmark.plugin.hookspecs import hookimpl as hookimpl
    from benchmark.plugin.metric import Metric as Metric
    from benchmark.plugin.model import Epoch as Epoch
    from benchmark.plugin.model import Model as Model
    from benchmark.plugin.model import OperationCount as OperationCount
    from benchmark.plugin.model import ParameterCount as ParameterCount
    from benchmark.plugin.tracker import PlannedCell as PlannedCell
    from benchmark.plugin.tracker import Tracker as Tracker
    from benchmark.plugin.tracks import Corpus as Corpus
    from benchmark.plugin.tracks import LeftOut as LeftOut
    from benchmark.plugin.tracks import Track as Track
    from benchmark.plugin.tracks import reasons_text as reasons_text
    from benchmark.plugin.training_run import TrainingRun as TrainingRun
    from benchmark.plugin.waveform import SAMPLE_RATE as SAMPLE_RATE
    from benchmark.randomness import derive_generator as derive_generator
    from benchmark.randomness import derive_seed as derive_seed
    from benchmark.record import CellRecord as CellRecord
    from benchmark.settings import TrainingSettings as TrainingSettings
    from benchmark.training.keras_model import KerasModel as KerasModel
    from benchmark.training.sklearn_model import SklearnModel as SklearnModel
    from benchmark.training.stages import Stage as Stage
    from benchmark.training.torch_model import TorchModel as TorchModel

_HOMES = {
    "AudioFormat": "benchmark.plugin.audio_format",
    "Augmentation": "benchmark.plugin.augmentation",
    "Candidate": "benchmark.data.corpus",
    "CellRecord": "benchmark.record",
    "Corpus": "benchmark.plugin.tracks",
    "Corruption": "benchmark.plugin.corruption",
    "Dataset": "benchmark.plugin.dataset",
    "DatasetError": "benchmark.exceptions",
    "Epoch": "benchmark.plugin.model",
    "Examples": "benchmark.plugin.examples",
    "Features": "benchmark.plugin.features",
    "File": "benchmark.plugin.component",
    "Found": "benchmark.data.folders",
    "KerasModel": "benchmark.training.keras_model",
    "Later": "benchmark.plugin.component",
    "LeftOut": "benchmark.plugin.tracks",
    "Location": "benchmark.plugin.component",
    "Locations": "benchmark.locations",
    "MANIFEST": "benchmark.data.manifest",
    "Metric": "benchmark.plugin.metric",
    "Model": "benchmark.plugin.model",
    "OperationCount": "benchmark.plugin.model",
    "ParameterCount": "benchmark.plugin.model",
    "Parts": "benchmark.plugin.component",
    "PlannedCell": "benchmark.plugin.tracker",
    "PluginError": "benchmark.exceptions",
    "Problem": "benchmark.exceptions",
    "Role": "benchmark.plugin.dataset",
    "SAMPLE_RATE": "benchmark.plugin.waveform",
    "SklearnModel": "benchmark.training.sklearn_model",
    "Stage": "benchmark.training.stages",
    "TorchModel": "benchmark.training.torch_model",
    "Track": "benchmark.plugin.tracks",
    "Tracker": "benchmark.plugin.tracker",
    "TrainingRun": "benchmark.plugin.training_run",
    "TrainingSettings": "benchmark.settings",
    "WeightsError": "benchmark.exceptions",
    "asked_backend": "benchmark.backend",
    "build_corpus": "benchmark.data.corpus",
    "derive_generator": "benchmark.randomness",
    "derive_seed": "benchmark.randomness",
    "did_you_mean": "benchmark.exceptions",
    "find_root": "benchmark.data.folders",
    "generated_folder": "benchmark.data.generated",
    "holds_audio": "benchmark.data.folders",
    "hookimpl": "benchmark.plugin.hookspecs",
    "leaves_root": "benchmark.data.manifest",
    "load": "benchmark.notebook",
    "look_into": "benchmark.data.folders",
    "others_text": "benchmark.data.folders",
    "read_manifest": "benchmark.data.manifest",
    "reasons_text": "benchmark.plugin.tracks",
    "recall_files": "benchmark.data.probe",
    "run": "benchmark.notebook",
    "shown": "benchmark.data.folders",
    "subfolders": "benchmark.data.folders",
    "write_manifest": "benchmark.data.manifest",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
