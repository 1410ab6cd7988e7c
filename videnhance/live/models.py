"""Models that a live picture can change between, loaded when they are wanted."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from videnhance.errors import VidenhanceError, printable
from videnhance.models.choice import Choice
from videnhance.models.imported import with_card
from videnhance.models.looks import LOOKS, look_of, shipped_looks
from videnhance.models.runtime import Network, load, measured
from videnhance.pipeline.ration import is_too_dear
from videnhance.pipeline.upscaler import Bicubic, Upscaler
from videnhance.system.threads import Pool

__all__ = ["Models", "round_of"]

_NONE = "no network: plain enlargement"
_SHARE = 0.25
"""Of the workers' time that a network may take for whole frames: the rest is for the
base, the screen, the decoder, and what cannot be foreseen."""


def round_of(first: Choice) -> tuple[Choice, ...]:
    """What M goes through: a look, the light model, and the other looks."""
    models = ["fast", *(LOOKS[look] for look in shipped_looks())]
    others = [model for model in models if model != first.model]
    return first, *(replace(first, model=model) for model in others)


class Models:
    """The models that one can change between; loaded when they are first wanted."""

    def __init__(
        self, choices: Sequence[Choice], pool: Pool | None, lightens: bool = False
    ) -> None:
        """Loads the first one. Raises ModelError.

        `lightens`: nobody chose the first; `fit` may take the next one for it.
        """
        self._lightens = lightens
        self.fault = ""
        """Why the model that was last asked for is not to be had."""
        self._choices, self._pool = list(choices), pool
        self._loaded: dict[int, tuple[Upscaler, str]] = {}
        self._loading: Future[tuple[Upscaler, str]] | None = None
        self._wanted = self._present = 0
        self._loaded[0] = _loaded(self._choices[0])

    @property
    def choice(self) -> Choice | None:
        """The choice in use; None for no network."""
        here = self._present
        return self._choices[here] if here < len(self._choices) else None

    @property
    def is_loading(self) -> bool:
        """Whether another model is on its way."""
        return self._wanted != self._present

    @property
    def wanted(self) -> str:
        """The look or the model that was asked for last, in words."""
        if self._wanted == len(self._choices):
            return _NONE
        model = self._choices[self._wanted].model
        look = look_of(model)
        return f"look: {look}" if look else f"model: {printable(model)}"

    def next(self) -> None:
        """Asks for the model after the present one; the last of all is none."""
        self.fault = ""
        self._wanted = (self._wanted + 1) % (len(self._choices) + 1)

    def fit(self, pixels: int, seconds: float, workers: int) -> None:
        """Asks for the next model if the first cannot see whole frames in time.

        Frames have so many pixels and come every so many seconds. Once, and only if
        nobody chose.
        """
        network, _ = self._loaded[0]
        if self._lightens and self._wanted == 0 and isinstance(network, Network):
            speed = network.megapixels_per_second * workers
            if is_too_dear(speed, pixels, seconds, share=_SHARE):
                self.next()
        self._lightens = False

    def current(self) -> tuple[Upscaler, str]:
        """The model to use now, and its words; never waits for one that is loading."""
        try:
            if self._wanted != self._present and self._is_there(self._wanted):
                self._present = self._wanted
        except VidenhanceError as error:
            self.fault, self._wanted = str(error), self._present
        return self._loaded[self._present]

    def _is_there(self, number: int) -> bool:
        if number in self._loaded:
            return True
        if number == len(self._choices):
            self._loaded[number] = Bicubic(), _NONE
            return True
        if self._pool is None:
            self._loaded[number] = _loaded(self._choices[number])
            return True
        if self._loading is None:
            self._loading = self._pool.submit(_loaded, self._choices[number])
        if self._loading.done():
            loading, self._loading = self._loading, None
            self._loaded[number] = loading.result()
        return number in self._loaded


def _loaded(choice: Choice) -> tuple[Upscaler, str]:
    network = measured(load(with_card(choice)))
    return network, str(network)
