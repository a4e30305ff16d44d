"""Outputs that do not count the samples of a run, as what suppression leaves: the samples run one by one then."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.comparing.batches import Prepared
from rfonnx.comparing.pairs.pair import Pair
from rfonnx.comparing.pairs.running_model import OpenModel


class Apart:
    """Hands on batches as they are, or sample by sample where an output was seen not to count samples.

    That is looked at once, with the first sample of the first batch of several: alone it must give outputs of length 1 where the
    samples are counted. A file may call any axis anything, and eight images may give eight boxes.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._looked = False
        self._apart = False

    def parts(self, batch: Prepared) -> Iterator[Prepared]:
        """The batch, or its samples.

        Raises:
            ShapeError: a model does not take the first sample.
        """
        if len(batch.names) > 1 and not self._looked:
            self._looked = True
            for which, model in enumerate(self._pair.models):
                self._look(model, which, batch)
        if self._apart and len(batch.names) > 1:
            yield from self.one_by_one(batch)
        else:
            yield batch

    def one_by_one(self, batch: Prepared) -> Iterator[Prepared]:
        """The samples of a batch, and of all that follow."""
        self._looked = self._apart = True
        for name, label, one, other in zip(batch.names, batch.labels, batch.feeds(0), batch.feeds(1), strict=True):
            stacked = self._pair.stack([one], [other])
            yield Prepared([name], [label], [one], [other], stacked=stacked)

    def _look(self, model: OpenModel, which: int, batch: Prepared) -> None:
        if model in self._pair.saved or model.batch is not None:
            return
        alone = self._pair.stack([next(batch.feeds(0))], [next(batch.feeds(1))])[which]
        for name, array in zip(self._pair.wanted()[which], model.run(alone, self._pair.wanted()[which]), strict=True):
            axis = model.axes.outputs.get(name, 0)
            if array.ndim <= axis or array.shape[axis] != 1:
                model.uncounted.add(name)
                self._apart = True
