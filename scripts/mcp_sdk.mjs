// The official TypeScript client against our server, a wrapped server and HTTP.
import assert from "node:assert";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const palisade = process.env.PALISADE;
const open = async (transport, capabilities = {}) => {
  const client = new Client({ name: "drive", version: "1" }, { capabilities });
  await client.connect(transport);
  return client;
};
const stdio = (args) => new StdioClientTransport({ command: palisade, args, env: process.env, stderr: "ignore" });

const own = async (client) => {
  const { tools } = await client.listTools();
  assert(tools.length === 9, `${tools.length} tools`);
  // The SDK checks structuredContent against each outputSchema.
  let said = await client.callTool({ name: "terminal", arguments: { command: "echo hi; exit 3" } });
  assert.deepEqual(said.structuredContent, { output: "hi\n", exit_code: 3, timed_out: false, left_out: 0 });
  said = await client.callTool({ name: "write_file", arguments: { path: "a.txt", content: "one\n" } });
  assert(!said.isError, JSON.stringify(said));
  said = await client.callTool({ name: "read_file", arguments: { path: "a.txt" } });
  assert.equal(said.structuredContent.text, "one\n");
  said = await client.callTool({ name: "terminal", arguments: { command: "rm -rf /" } });
  assert(said.isError && said.content[0].text.includes("delete/root"));
  await assert.rejects(client.callTool({ name: "terminal", arguments: {} }));
  await assert.rejects(client.callTool({ name: "terminal", arguments: { command: "sleep 60" } }, undefined, { timeout: 500 }));
};

let client = await open(stdio(["mcp"]));
await own(client);
await client.close();

client = await open(stdio(["mcp"]), { elicitation: {} });
let asked = "";
client.setRequestHandler(ElicitRequestSchema, async (request) => {
  asked = request.params.message;
  return { action: "accept", content: { answer: "approve" } };
});
const approval = { name: "request_approval", arguments: { action: "deploy", details: "to production", risk: "high" } };
let said = await client.callTool(approval);
assert(said.structuredContent.approved && asked.includes("to production"), JSON.stringify(said));
await client.close();

const wrapped = ["mcp", "wrap", "--name", "sdk", "--", "python3", process.env.SERVER, "--server"];
client = await open(stdio(wrapped));
assert((await client.listTools()).tools.some((tool) => tool.name === "echo"));
said = await client.callTool({ name: "echo", arguments: {} });
assert(said.content[0].text.includes("UNTRUSTED"));
await client.close();

const http = spawn(palisade, ["mcp", "--http", "0"], { stdio: ["ignore", "ignore", "pipe"] });
let text = "";
while (!/mcp;/.test(text)) text += (await new Promise((next) => http.stderr.once("data", next))).toString();
const url = new URL(text.match(/http:\/\/\S+\/mcp/)[0]);
const token = readFileSync(text.match(/stands in (\S+)/)[1], "utf8");
const headers = { Authorization: `Bearer ${token}` };
client = await open(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
await own(client);
await client.close();
await assert.rejects(open(new StreamableHTTPClientTransport(url)));
http.kill();
