"""verl's agent loop over served worlds: a session for each rollout, its reward the sum of what the server paid.

verl knows no reward that is missing. So a rollout whose world was lost is played again in a fresh one, and where that fails
too the run ends with an error: it is never scored 0.
Tokens are never encoded again: verl's own builder appends what the world says to the very tokens the model made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tribune_env import AsyncSession, Defuser, Json, Step, Tool, control_names
from tribune_env.session import LOST
from tribune_env.text import tell_step
from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopMetrics, AgentLoopOutput
from verl.experimental.agent_loop.tool_parser import FunctionCall, ToolParser
from verl.utils.profiler import simple_timer

FINISH = "final_answer"
TRIES = 3
"""How often a rollout is begun before the run ends."""


class Unjudged(Exception):
    """The server could not judge the episode, or it was lost."""


@dataclass
class Play:
    """A rollout under way: the conversation, its tokens, and which of them the model made."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    tokens: list[int]
    mask: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    rewards: list[float | None] = field(default_factory=list)
    turns: int = 0
    done: bool = False

    def take(self, step: Step) -> Step:
        self.rewards.append(step.reward)
        self.done = step.done
        return step


class TribuneAgentLoop(AgentLoopBase):
    """Configured in agent.yaml; chosen by a row's `agent_name`. Rows need `extra_info.task_id` and `extra_info.seed`."""

    def __init__(
        self,
        *args: Any,
        url: str,
        token: str | None = None,
        timeout: float = 120.0,
        max_turns: int = 32,
        tools: object = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._address = (url, token, timeout)
        self._max_turns = max_turns
        self._response_length: int = self.rollout_config.response_length
        self._parser = ToolParser.get_tool_parser(self.rollout_config.multi_turn.format, self.tokenizer)
        self._defuse = Defuser(control_names(self.tokenizer))

    async def run(self, sampling_params: dict[str, Any], **fields: Any) -> AgentLoopOutput:
        """Plays the task of a row. Raises Unjudged where no try could be judged."""
        url, token, timeout = self._address
        for left in reversed(range(TRIES)):
            session = AsyncSession(url, token=token, timeout=timeout)
            try:
                return await self._play(session, sampling_params, fields)
            except (*LOST, Unjudged) as error:
                if left == 0:
                    raise Unjudged(f"no try of {TRIES} at {fields['extra_info']} could be judged") from error
            finally:
                await session.close()
        raise AssertionError("not reached")

    async def _play(self, session: AsyncSession, sampling: dict[str, Any], fields: Mapping[str, Any]) -> AgentLoopOutput:
        episode = uuid4().hex
        metrics: dict[str, Any] = {}
        play = await self._begin(session, fields, episode)
        while not play.done and play.turns < self._max_turns and len(play.mask) < self._response_length:
            said = await self._generate(play, sampling, episode, metrics)
            if len(play.mask) >= self._response_length:
                break
            with simple_timer("tool_calls", metrics):
                answers = await self._answer(session, play, said)
            if not play.done and not await self._append(play, answers):
                break
        if not play.done:
            # Cut short: nothing was said to the end, and what was done so far is judged.
            play.take(await session.call(FINISH, {"text": ""}))
        return self._conclude(play, episode, metrics)

    async def _begin(self, session: AsyncSession, fields: Mapping[str, Any], episode: str) -> Play:
        row = fields["extra_info"]
        start = await session.reset(str(row["task_id"]), int(row["seed"]), episode)
        tools = [show_tool(self._defuse.tool(tool)) for tool in await session.tools()]
        messages = [*list(fields["raw_prompt"])[:-1], {"role": "user", "content": self._defuse(start.prompt)}]
        return Play(messages, tools, await self.ct_build_initial_tokens(messages, tools=tools))

    async def _generate(self, play: Play, sampling: dict[str, Any], episode: str, metrics: dict[str, Any]) -> list[int]:
        stops = self._parser.stop_token_ids
        if stops:
            sampling = {**sampling, "stop_token_ids": sorted({*(sampling.get("stop_token_ids") or []), *stops})}
        with simple_timer("generate_sequences", metrics):
            made = await self.server_manager.generate(request_id=episode, prompt_ids=play.tokens, sampling_params=sampling)
        keeps = bool(play.logprobs or made.log_probs)
        merged, play.mask, logprobs = await self.ct_merge_assistant_token(
            play.tokens,
            made.token_ids,
            play.mask,
            play.logprobs if keeps else None,
            assistant_logprobs=made.log_probs or None,
        )
        play.tokens, play.logprobs = merged.token_ids, logprobs or []
        play.turns += 1
        said: list[int] = made.token_ids
        return said

    async def _answer(self, session: AsyncSession, play: Play, said: list[int]) -> list[dict[str, Any]]:
        """Carries out the model's turn; gives the messages that answer it."""
        text, calls = await self._parser.extract_tool_calls(said, [])
        words = strip_controls(text, self.tokenizer.all_special_tokens)
        play.messages.append(tell_turn(words, calls))
        if not calls:
            # The model ends the episode, unless the user of a conversation answers.
            step = play.take(await session.call(FINISH, {"text": words}))
            return [{"role": "user", "content": self._defuse(step.text)}]
        answers = []
        for call in calls:
            shown = "error: the episode is over"
            if not play.done:
                shown = self._defuse(tell_step(play.take(await session.call(call.name, read_arguments(call)))))
            answers.append({"role": "tool", "name": call.name, "content": shown})
        return answers

    async def _append(self, play: Play, answers: Sequence[dict[str, Any]]) -> bool:
        """Appends what the world says; false where there is no room for it."""
        before, play.messages = play.messages, [*play.messages, *answers]
        merged, mask, logprobs = await self.ct_merge_context_msg(
            before, play.messages, play.tokens, play.mask, play.logprobs or None, tools=play.tools
        )
        if len(mask) >= self._response_length:
            return False
        play.tokens, play.mask, play.logprobs = merged.token_ids, mask, logprobs or []
        return True

    def _conclude(self, play: Play, episode: str, metrics: Mapping[str, Any]) -> AgentLoopOutput:
        if not play.rewards or play.rewards[-1] is None:
            raise Unjudged(episode)
        rewards = [reward or 0.0 for reward in play.rewards]
        begin, most = len(play.tokens) - len(play.mask), self._response_length
        return AgentLoopOutput(
            prompt_ids=play.tokens[:begin],
            response_ids=play.tokens[begin:][:most],
            response_mask=play.mask[:most],
            response_logprobs=play.logprobs[:most] if play.logprobs else None,
            reward_score=round(sum(rewards), 9),
            num_turns=len(play.messages),
            metrics=AgentLoopMetrics(**metrics),
            extra_fields={"turn_scores": [], "tool_rewards": rewards, "episode": episode},
        )


def show_tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def read_arguments(call: FunctionCall) -> dict[str, Json]:
    """A call's arguments. What is no object goes to the server as it stands, under a name no tool has: it judges it."""
    arguments: Json = json.loads(call.arguments)
    return arguments if isinstance(arguments, dict) else {"?": arguments}


def tell_turn(words: str, calls: Sequence[FunctionCall]) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": "assistant", "content": words}
    if calls:
        turn["tool_calls"] = [
            {"type": "function", "function": {"name": call.name, "arguments": read_arguments(call)}} for call in calls
        ]
    return turn


def strip_controls(text: str, names: Sequence[str]) -> str:
    """A turn's words, without the tokens that end it and without its thought."""
    for name in names:
        text = text.replace(name, "")
    return text.rpartition("</think>")[2].strip()
