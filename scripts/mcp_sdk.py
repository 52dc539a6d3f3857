"""The official Python client against our server, a wrapped server and the gateway."""
import asyncio, os, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

PALISADE = os.environ["PALISADE"]
QUIET = open(os.devnull, "w")


async def within(arguments, drive):
    parameters = StdioServerParameters(command=PALISADE, args=arguments, env=dict(os.environ))
    async with stdio_client(parameters, errlog=QUIET) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            await drive(session)


def of(said, new, old):
    """A field under its name in version 2 of the SDK, or in version 1."""
    return getattr(said, new) if hasattr(said, new) else getattr(said, old)


def failed(said):
    return of(said, "is_error", "isError")


async def own(session):
    assert len((await session.list_tools()).tools) == 9
    said = await session.call_tool("terminal", {"command": "echo hi"})
    assert of(said, "structured_content", "structuredContent")["output"] == "hi\n", said
    said = await session.call_tool("search", {"pattern": "nothing-like-it", "path": "."})
    assert not failed(said), said
    said = await session.call_tool("read_file", {"path": "~/.ssh/id_rsa"})
    assert failed(said), said


async def echo(name, session):
    assert [tool.name for tool in (await session.list_tools()).tools] == [name]
    said = await asyncio.gather(*[session.call_tool(name, {"n": at}) for at in range(32)])
    assert all("UNTRUSTED" in one.content[0].text for one in said)


async def main():
    server = [sys.executable, os.environ["SERVER"], "--server"]
    await within(["mcp"], own)
    await within(["mcp", "wrap", "--name", "py", "--"] + server, lambda session: echo("echo", session))
    profile = os.path.join(os.environ["PALISADE_HOME"], "profiles", "default", "config.yaml")
    with open(profile, "w") as config:
        config.write("mcp:\n  servers:\n    one: {command: %s, args: [%s, --server]}\n" % (sys.executable, os.environ["SERVER"]))
    await within(["mcp", "gateway"], lambda session: echo("one__echo", session))


asyncio.run(main())
