"""
The losses and estimators over tensors; see tutelage.rl and tutelage.reward.
"""
from __future__ import annotations
import collections.abc
import tutelage._core
import typing
__all__: list[str] = ['aggregate', 'bradley_terry_loss', 'full_kl', 'gae', 'grpo_advantages', 'kl_estimate', 'ppo_policy_loss', 'ppo_value_loss', 'rloo_advantages', 'token_rewards', 'whiten']
@typing.overload
def aggregate(arg0: tutelage._core.Tensor, arg1: tutelage._core.Tensor, arg2: str, arg3: typing.SupportsFloat | typing.SupportsIndex | None, arg4: typing.SupportsFloat | typing.SupportsIndex | None) -> tutelage._core.Tensor:
    ...
@typing.overload
def aggregate(arg0: tutelage._core.Tensor64, arg1: tutelage._core.Tensor64, arg2: str, arg3: typing.SupportsFloat | typing.SupportsIndex | None, arg4: typing.SupportsFloat | typing.SupportsIndex | None) -> tutelage._core.Tensor64:
    ...
@typing.overload
def bradley_terry_loss(arg0: tutelage._core.Tensor, arg1: tutelage._core.Tensor, arg2: tutelage._core.Tensor, arg3: tutelage._core.Tensor, arg4: tutelage._core.Tensor, arg5: typing.SupportsFloat | typing.SupportsIndex, arg6: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor:
    ...
@typing.overload
def bradley_terry_loss(arg0: tutelage._core.Tensor64, arg1: tutelage._core.Tensor64, arg2: tutelage._core.Tensor64, arg3: tutelage._core.Tensor64, arg4: tutelage._core.Tensor64, arg5: typing.SupportsFloat | typing.SupportsIndex, arg6: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor64:
    ...
@typing.overload
def full_kl(arg0: tutelage._core.Tensor, arg1: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def full_kl(arg0: tutelage._core.Tensor64, arg1: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def gae(arg0: tutelage._core.Tensor, arg1: tutelage._core.Tensor, arg2: tutelage._core.Tensor, arg3: tutelage._core.Tensor, arg4: tutelage._core.Tensor, arg5: tutelage._core.Tensor, arg6: typing.SupportsFloat | typing.SupportsIndex, arg7: typing.SupportsFloat | typing.SupportsIndex) -> tuple[tutelage._core.Tensor, tutelage._core.Tensor]:
    ...
@typing.overload
def gae(arg0: tutelage._core.Tensor64, arg1: tutelage._core.Tensor64, arg2: tutelage._core.Tensor64, arg3: tutelage._core.Tensor64, arg4: tutelage._core.Tensor64, arg5: tutelage._core.Tensor64, arg6: typing.SupportsFloat | typing.SupportsIndex, arg7: typing.SupportsFloat | typing.SupportsIndex) -> tuple[tutelage._core.Tensor64, tutelage._core.Tensor64]:
    ...
@typing.overload
def grpo_advantages(arg0: tutelage._core.Tensor, arg1: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], arg2: str) -> tutelage._core.Tensor:
    ...
@typing.overload
def grpo_advantages(arg0: tutelage._core.Tensor64, arg1: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], arg2: str) -> tutelage._core.Tensor64:
    ...
@typing.overload
def kl_estimate(arg0: tutelage._core.Tensor, arg1: tutelage._core.Tensor, arg2: str) -> tutelage._core.Tensor:
    ...
@typing.overload
def kl_estimate(arg0: tutelage._core.Tensor64, arg1: tutelage._core.Tensor64, arg2: str) -> tutelage._core.Tensor64:
    ...
@typing.overload
def ppo_policy_loss(arg0: tutelage._core.Tensor, arg1: tutelage._core.Tensor, arg2: tutelage._core.Tensor, arg3: tutelage._core.Tensor, arg4: typing.SupportsFloat | typing.SupportsIndex, arg5: typing.SupportsFloat | typing.SupportsIndex | None, arg6: typing.SupportsFloat | typing.SupportsIndex | None, arg7: str, arg8: typing.SupportsFloat | typing.SupportsIndex | None, arg9: typing.SupportsFloat | typing.SupportsIndex | None) -> tuple[tutelage._core.Tensor, dict]:
    ...
@typing.overload
def ppo_policy_loss(arg0: tutelage._core.Tensor64, arg1: tutelage._core.Tensor64, arg2: tutelage._core.Tensor64, arg3: tutelage._core.Tensor64, arg4: typing.SupportsFloat | typing.SupportsIndex, arg5: typing.SupportsFloat | typing.SupportsIndex | None, arg6: typing.SupportsFloat | typing.SupportsIndex | None, arg7: str, arg8: typing.SupportsFloat | typing.SupportsIndex | None, arg9: typing.SupportsFloat | typing.SupportsIndex | None) -> tuple[tutelage._core.Tensor64, dict]:
    ...
@typing.overload
def ppo_value_loss(arg0: tutelage._core.Tensor, arg1: tutelage._core.Tensor, arg2: tutelage._core.Tensor, arg3: tutelage._core.Tensor, arg4: typing.SupportsFloat | typing.SupportsIndex, arg5: typing.SupportsFloat | typing.SupportsIndex | None) -> tuple[tutelage._core.Tensor, float]:
    ...
@typing.overload
def ppo_value_loss(arg0: tutelage._core.Tensor64, arg1: tutelage._core.Tensor64, arg2: tutelage._core.Tensor64, arg3: tutelage._core.Tensor64, arg4: typing.SupportsFloat | typing.SupportsIndex, arg5: typing.SupportsFloat | typing.SupportsIndex | None) -> tuple[tutelage._core.Tensor64, float]:
    ...
@typing.overload
def rloo_advantages(arg0: tutelage._core.Tensor, arg1: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor:
    ...
@typing.overload
def rloo_advantages(arg0: tutelage._core.Tensor64, arg1: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor64:
    ...
@typing.overload
def token_rewards(arg0: tutelage._core.Tensor, arg1: tutelage._core.Tensor, arg2: tutelage._core.Tensor, arg3: tutelage._core.Tensor, arg4: typing.SupportsFloat | typing.SupportsIndex, arg5: str, arg6: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor:
    ...
@typing.overload
def token_rewards(arg0: tutelage._core.Tensor64, arg1: tutelage._core.Tensor64, arg2: tutelage._core.Tensor64, arg3: tutelage._core.Tensor64, arg4: typing.SupportsFloat | typing.SupportsIndex, arg5: str, arg6: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor64:
    ...
@typing.overload
def whiten(arg0: tutelage._core.Tensor, arg1: tutelage._core.Tensor, arg2: bool, arg3: typing.SupportsInt | typing.SupportsIndex, arg4: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor:
    ...
@typing.overload
def whiten(arg0: tutelage._core.Tensor64, arg1: tutelage._core.Tensor64, arg2: bool, arg3: typing.SupportsInt | typing.SupportsIndex, arg4: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor64:
    ...
