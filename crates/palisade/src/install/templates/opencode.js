// Hands every tool call of OpenCode to Palisade. Made by `palisade install opencode`;
// `palisade uninstall opencode` removes it. Whatever goes wrong here refuses the call.
import { spawn } from "node:child_process"

const PROGRAM = "@PROGRAM@"
const WAIT = 600_000
const MOST = 64 * 1024 * 1024
const FAILED = "Palisade could not judge this call, so it is refused. Ask the user to run: palisade doctor"

// Answers { decision, reason, input }; never throws.
function judge(event, payload) {
  return new Promise((resolve) => {
    let child, timer, size = 0, over = false
    const out = []
    const finish = (answer) => {
      if (over) return
      over = true
      clearTimeout(timer)
      resolve(answer)
    }
    const refuse = () => {
      // The whole group, so that nothing of it stays behind.
      try { process.kill(-child.pid, "SIGKILL") } catch {}
      finish({ decision: "deny", reason: FAILED })
    }
    try {
      const text = JSON.stringify(payload)
      child = spawn(PROGRAM, ["hook", "--client", "opencode", "--event", event, "--timeout", "600"], {
        stdio: ["pipe", "pipe", "ignore"],
        detached: true,
      })
      timer = setTimeout(refuse, WAIT)
      child.on("error", refuse)
      child.stdin.on("error", () => {})
      child.stdout.on("error", refuse)
      child.stdout.on("data", (part) => {
        size += part.length
        if (size > MOST) refuse()
        else out.push(part)
      })
      child.on("close", (code) => {
        if (code !== 0) return refuse()
        try {
          finish(read(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(out))))
        } catch {
          refuse()
        }
      })
      child.stdin.end(text)
    } catch {
      refuse()
    }
  })
}

// Nothing is a yes; anything but a known answer is a no.
function read(text) {
  if (!text.trim()) return { decision: "allow" }
  const answer = JSON.parse(text)
  const known = ["allow", "deny", "ask", "block"]
  if (!isObject(answer) || !known.includes(answer.decision)) throw new Error("no answer")
  if (answer.input !== undefined && !isObject(answer.input)) throw new Error("no input")
  if (answer.reason !== undefined && typeof answer.reason !== "string") throw new Error("no reason")
  return answer
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

export const Palisade = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => {
    const answer = await judge("tool_call", {
      hook_event_name: "tool_call",
      tool_name: input.tool,
      tool_input: output.args,
      tool_call_id: input.callID,
      session_id: input.sessionID,
      cwd: directory,
    })
    // Nobody can be asked from here.
    if (answer.decision !== "allow") throw new Error(answer.reason || FAILED)
    if (answer.input) {
      if (!isObject(output.args)) throw new Error(FAILED)
      for (const key of Object.keys(output.args)) delete output.args[key]
      Object.assign(output.args, answer.input)
    }
  },
  "tool.execute.after": async (input, output) => {
    const answer = await judge("tool_result", {
      hook_event_name: "tool_result",
      tool_name: input.tool,
      tool_input: input.args,
      tool_call_id: input.callID,
      session_id: input.sessionID,
      tool_result: output?.output ?? output?.content ?? output,
      cwd: directory,
    })
    if (!output || answer.decision === "allow") return
    const text = answer.reason || "Palisade withholds the output of this call."
    // What other servers answer arrives as a list.
    if (Array.isArray(output.content)) output.content = Array.isArray(answer.output) ? answer.output : [{ type: "text", text }]
    if (typeof output.metadata?.output === "string") output.metadata.output = text
    output.output = text
  },
})
