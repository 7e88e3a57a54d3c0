# OpenEnv's and ORS's own clients and models, unmodified, against servers: `clients.py CHECK=URL...`. Prints a line of JSON for each:
# {"check", "url", "fault": null or a trace}. The suite served is that of suite.ts: a task in each split, two tools.
import asyncio
import json
import sys
import traceback
import urllib.error
import urllib.request

from openenv.core.env_server import mcp_types as mcp
from openenv.core.env_server import types
from openenv.core.generic_client import GenericEnvClient
from openenv.core.mcp_client import MCPToolClient

URL = ""
ASK, FINISH = "request_user_approval", "final_answer"
TOOLS = ["find_contact", "pay_person", ASK, FINISH]


def call(tool, **arguments):
    return {"type": "call_tool", "tool_name": tool, "arguments": arguments}


def near(a, b):
    assert abs(a - b) < 1e-9, (a, b)


PAY = {"person": "Ben", "amount": 20}


async def generic():
    """Two sessions at once, apart from one another; rewards that sum to the return."""
    async with GenericEnvClient(base_url=URL) as a, GenericEnvClient(base_url=URL) as b:
        tools = (await a.step({"type": "list_tools"})).observation["tools"]
        assert [tool["name"] for tool in tools] == TOOLS, tools
        ra = await a.reset(seed=1, episode_id="ep-a", task_id="toy-train")
        assert ra.observation["prompt"] == "Pay Ben 20." and ra.reward is None and ra.done is False, ra
        assert ra.metadata == {"task_id": "toy-train", "split": "train", "index": 0, "seed": 1}, ra.metadata
        rb = await b.reset(task_id=0, split="heldout")
        assert rb.metadata["task_id"] == "toy-heldout", rb
        rewards = []
        r = await a.step(call(ASK, name="pay_person", arguments=PAY))
        assert r.observation["result"]["data"] == "approved" and not r.done, r
        rewards.append(r.reward)
        r = await a.step(call("pay_person", **PAY))
        assert r.observation["error"] is None and r.done is False, r
        rewards.append(r.reward)
        sa, sb = await a.state(), await b.state()
        assert sa["episode_id"] == "ep-a" and sa["step_count"] == 2 and sb["step_count"] == 0, (sa, sb)
        r = await a.step(call(FINISH, text="Paid Ben 20."))
        rewards.append(r.reward)
        assert r.done is True, r
        near(sum(rewards), 1.0)
        near(r.metadata["return"], 1.0)
        r = await a.step(call("pay_person", **PAY))
        assert r.reward == 0 and r.done and r.observation["error"]["error_type"] == "execution_error", r
        # The other session pays without asking.
        r = await b.step(call("pay_person", **PAY))
        assert r.reward < 0, r
        for bad in ({"type": "nonsense"}, {"type": "call_tool"}, {"tool_name": "x", "more": 1}):
            try:
                await b.step(bad)
                raise AssertionError(bad)
            except RuntimeError as error:
                assert "VALIDATION_ERROR" in str(error), error
        for bad in ({"seed": -1}, {"seed": "x"}, {"seed": 1.5}, {"task_id": "none"}, {"task_id": 7}, {"split": "x"}):
            try:
                await b.reset(**bad)
                raise AssertionError(bad)
            except RuntimeError as error:
                assert "VALIDATION_ERROR" in str(error), error
        r = await b.step(call(FINISH, text="Done."))
        assert r.done, r


async def tools():
    """The MCP tool client: a session over HTTP, a socket attached to it."""
    async with MCPToolClient(base_url=URL) as c:
        found = await c.list_tools()
        assert [tool.name for tool in found] == TOOLS, found
        assert found[0].input_schema["required"] == ["who"], found[0]
        await c.reset(task_id="toy-train")
        text = await c.call_tool("find_contact", who="Ben")
        assert "ben@" in text, text
        r = await c.step(mcp.CallToolAction(tool_name=FINISH, arguments={"text": "No."}))
        assert isinstance(r.observation, mcp.CallToolObservation) and r.done and r.observation.done, r
        assert r.observation.reward == r.reward, r
        state = await c.state()
        assert state.step_count == 2, state
        await c.reset(task_id="toy-train")
        for name, arguments, words in (("nope", {}, "no such tool"), ("find_contact", {"who": "Zoe"}, "")):
            try:
                await c.call_tool(name, **arguments)
                raise AssertionError(name)
            except RuntimeError as error:
                assert words in str(error), error
    # Without a socket: HTTP alone, before any reset.
    c = MCPToolClient(base_url=URL)
    assert len(await c.list_tools()) == 4
    assert "ben@" in await c.call_tool("find_contact", who="Ben")
    await c.close()


def sync():
    """The synchronous clients."""
    with GenericEnvClient(base_url=URL).sync() as c:
        assert c.reset().done is False
        assert c.step({"type": "list_tools"}).observation["tools"][0]["name"] == "find_contact"
        assert c.step(call(FINISH, text="x")).done is True
        # The client reconnects by itself after a timeout; here it does so by hand.
        c.disconnect()
        assert c.reset(seed=3).metadata["seed"] == 3
    with MCPToolClient(base_url=URL).sync() as c:
        c.reset()
        assert "ben@" in c.call_tool("find_contact", who="Ben")


def http(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, method=method, data=data, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


async def models():
    """Every answer parses with the models of the protocol, which forbid what they do not know."""
    import jsonschema
    import websockets

    types.HealthResponse(**http("GET", "/health")[1])
    types.EnvironmentMetadata(**http("GET", "/metadata")[1])
    schemas = http("GET", "/schema")[1]
    types.SchemaResponse(**schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    types.State(**http("GET", "/state")[1])
    reset = types.ResetResponse(**http("POST", "/reset", {"seed": 5})[1])
    jsonschema.validate({**reset.observation, "done": reset.done, "reward": reset.reward}, schemas["reset_observation"])
    for action in ({"type": "list_tools"}, call("find_contact", who="Ben"), call("nope")):
        status, body = http("POST", "/step", {"action": action})
        assert status == 200, body
        step = types.StepResponse(**body)
        if action["type"] == "call_tool":
            seen = {**step.observation, "done": step.done, "reward": step.reward}
            jsonschema.validate(seen, schemas["observation"])
            mcp.CallToolObservation(**seen)
        else:
            mcp.ListToolsObservation(**step.observation)
            for tool in step.observation["tools"]:
                jsonschema.Draft202012Validator.check_schema(tool["input_schema"])
    for path, body in (("/reset", {"seed": -1}), ("/step", {}), ("/step", {"action": {"type": "x"}})):
        status, answer = http("POST", path, body)
        assert status == 422 and isinstance(answer["detail"], list), (status, answer)
    rpc = [
        {},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": {"name": "find_contact", "arguments": {"who": "Ben"}}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}},
        {"jsonrpc": "2.0", "id": 1, "method": "initialize"},
        {"jsonrpc": "2.0", "id": 1, "method": "openenv/session/create"},
    ]
    for message in rpc:
        status, answer = http("POST", "/mcp", message)
        assert status == 200, answer
        mcp.JsonRpcResponse(**answer)
        session = (answer.get("result") or {}).get("session_id")
    mcp.JsonRpcResponse(**http("POST", "/mcp", {**rpc[1], "params": {"session_id": session}})[1])
    closed = http("POST", "/mcp", {**rpc[1], "method": "openenv/session/close", "params": {"session_id": session}})[1]
    assert closed["result"] == {"session_id": session, "closed": True}, closed
    kinds = {
        "observation": types.WSObservationResponse,
        "state": types.WSStateResponse,
        "error": types.WSErrorResponse,
        "mcp": mcp.WSMCPResponse,
    }
    messages = [
        {"type": "reset", "data": {"task_id": "toy-train", "foo": 2}},
        {"type": "step", "data": call("find_contact", who="Ben")},
        {"type": "state"},
        {"type": "mcp", "data": rpc[1]},
        {"type": "zzz"},
        {"type": "state", "more": 1},
    ]
    async with websockets.connect(URL.replace("http", "ws") + "/ws") as socket:
        for message in messages:
            await socket.send(json.dumps(message))
            answer = json.loads(await socket.recv())
            kinds[answer["type"]](**answer)
            if answer["type"] == "error":
                types.WSErrorCode(answer["data"]["code"])


def ors():
    """The ORS client: splits, tasks, a session, calls with reward and end."""
    from ors.client import ORS

    with ORS(base_url=URL) as client:
        environment = client.environment("toy")
        assert environment.list_splits() == ["train", "heldout"]
        assert environment.num_tasks("train") == 1
        tasks = environment.list_tasks(split="train")
        assert tasks[0].task_spec["id"] == "toy-train" and tasks[0].task_spec["prompt"] == "Pay Ben 20.", tasks
        assert environment.get_task("heldout", 0).task_spec["id"] == "toy-heldout"
        assert len(environment.get_task_range("train", 0, 1)) == 1
        assert [tool.name for tool in environment.list_tools()] == TOOLS
        rewards = []
        with environment.session(task=tasks[0]) as session:
            assert session.get_prompt()[0].text == "Pay Ben 20."
            assert [tool.name for tool in session.list_tools()] == TOOLS
            for tool, arguments in ((ASK, {"name": "pay_person", "arguments": PAY}), ("pay_person", PAY)):
                r = session.call_tool(tool, arguments)
                assert not r.finished, r
                rewards.append(r.reward)
            r = session.call_tool(FINISH, {"text": "Paid."})
            assert r.finished, r
            near(sum(rewards) + r.reward, 1.0)
            try:
                session.call_tool("pay_person", PAY)
                raise AssertionError("played on after the end")
            except Exception as error:
                assert "over" in str(error), error
        with environment.session(split="heldout", index=0) as session:
            r = session.call_tool("nope", {})
            assert "no such tool" in r.blocks[0].text and r.reward is not None, r


def metrics():
    """Prometheus' own parser."""
    from prometheus_client.parser import text_string_to_metric_families

    text = urllib.request.urlopen(URL + "/metrics").read().decode()
    names = {family.name for family in text_string_to_metric_families(text)}
    assert {"tribune_env_sessions", "tribune_env_calls", "tribune_env_call_seconds"} <= names, names


def container():
    """An image's start, by name (URL is the name); it is played and ended."""
    with GenericEnvClient.from_docker_image(URL).sync() as env:
        base = env.async_client._provider
        assert base._container_id, base
        start = env.reset(seed=3)
        assert start.observation["prompt"] and start.reward is None, start
        r = env.step(call(FINISH, text="I stop."))
        assert r.done and r.reward is not None, r
    assert base._container_id is None, "it was left running"


CHECKS = {"container": container, "generic": generic, "tools": tools, "sync": sync, "models": models, "ors": ors, "metrics": metrics}


def run(check):
    """The trace of a check that fails, or none."""
    try:
        work = CHECKS[check]
        if asyncio.iscoroutinefunction(work):
            asyncio.run(asyncio.wait_for(work(), 120))
        else:
            work()
    except BaseException:
        return traceback.format_exc()
    return None


for word in sys.argv[1:]:
    CHECK, URL = word.split("=", 1)
    print(json.dumps({"check": CHECK, "url": URL, "fault": run(CHECK)}), flush=True)
