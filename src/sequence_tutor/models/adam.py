"""The Adam optimiser, without what `torch.optim.Adam` adds for compiled graphs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.optim.adam import adam

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Takes the steps of `torch.optim.Adam`, to the last bit, by the same functions of torch.

    The first step of `torch.optim.Adam` imports torch's compiler, which takes as long as
    importing all the rest of torch, and its every step is wrapped for the compiler's sake. That
    is most of the time of a short run.

    Kingma and Ba, *Adam: a method for stochastic optimization* (2015), Algorithm 1.

    Args:
        parameters: what is optimised; those without a gradient are left as they are.
        learning_rate: may be set anew before every step.
        fused: one kernel for all parameters; its results differ in the last digits.
    """

    def __init__(
        self, parameters: Iterable[Tensor], learning_rate: float, fused: bool = False
    ) -> None:
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self._fused = fused
        self._moments: dict[int, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters by their gradients."""
        parameters, gradients, moments = [], [], []
        for number, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                if number not in self._moments:
                    self._moments[number] = self._begin(parameter)
                parameters.append(parameter)
                gradients.append(parameter.grad)
                moments.append(self._moments[number])
        adam(
            parameters,
            gradients,
            [each["exp_avg"] for each in moments],
            [each["exp_avg_sq"] for each in moments],
            [],
            [each["step"] for each in moments],
            fused=self._fused or None,  # None: as torch thinks best on the device
            amsgrad=False,
            beta1=BETA1,
            beta2=BETA2,
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )

    def _begin(self, parameter: Tensor) -> dict[str, Tensor]:
        device = parameter.device if self._fused else "cpu"
        return {
            "step": torch.zeros((), device=device),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }

    def state(self) -> dict[str, Tensor]:
        """The moments and step counts, by parameter number and name."""
        return {
            f"{number}.{name}": tensor
            for number, moments in self._moments.items()
            for name, tensor in moments.items()
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put a saved state back; the learning rate is the caller's to set."""
        self._moments = {}
        for key, tensor in tensors.items():
            number, name = key.split(".", 1)
            parameter = self.parameters[int(number)]
            if name != "step":
                tensor = tensor.to(parameter)
            elif self._fused:
                tensor = tensor.to(parameter.device)
            self._moments.setdefault(int(number), {})[name] = tensor
