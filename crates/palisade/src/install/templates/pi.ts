// Hands every tool call of pi to Palisade. Made by `palisade install pi`;
// `palisade uninstall pi` removes it. Whatever goes wrong here refuses the call.
import { spawn } from "node:child_process";

const PROGRAM = "@PROGRAM@";
const WAIT = 600_000;
const MOST = 64 * 1024 * 1024;
const FAILED = "Palisade could not judge this call, so it is refused. Ask the user to run: palisade doctor";

type Answer = { decision: "allow" | "deny" | "ask" | "block"; reason?: string; input?: Record<string, unknown>; output?: unknown };

// Never throws.
function judge(event: string, payload: unknown): Promise<Answer> {
	return new Promise((resolve) => {
		let child: any;
		let timer: any;
		let size = 0;
		let over = false;
		const out: Buffer[] = [];
		const finish = (answer: Answer) => {
			if (over) return;
			over = true;
			clearTimeout(timer);
			resolve(answer);
		};
		const refuse = () => {
			// The whole group, so that nothing of it stays behind.
			try {
				process.kill(-child.pid, "SIGKILL");
			} catch {}
			finish({ decision: "deny", reason: FAILED });
		};
		try {
			const text = JSON.stringify(payload);
			child = spawn(PROGRAM, ["hook", "--client", "pi", "--event", event, "--timeout", "600"], {
				stdio: ["pipe", "pipe", "ignore"],
				detached: true,
			});
			timer = setTimeout(refuse, WAIT);
			child.on("error", refuse);
			child.stdin.on("error", () => {});
			child.stdout.on("error", refuse);
			child.stdout.on("data", (part: Buffer) => {
				size += part.length;
				if (size > MOST) refuse();
				else out.push(part);
			});
			child.on("close", (code: number | null) => {
				if (code !== 0) return refuse();
				try {
					finish(read(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(out))));
				} catch {
					refuse();
				}
			});
			child.stdin.end(text);
		} catch {
			refuse();
		}
	});
}

// Nothing is a yes; anything but a known answer is a no.
function read(text: string): Answer {
	if (!text.trim()) return { decision: "allow" };
	const answer = JSON.parse(text);
	if (!isObject(answer) || !["allow", "deny", "ask", "block"].includes(answer.decision as string)) throw new Error("no answer");
	if (answer.input !== undefined && !isObject(answer.input)) throw new Error("no input");
	if (answer.reason !== undefined && typeof answer.reason !== "string") throw new Error("no reason");
	return answer as Answer;
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

export default function palisade(pi: any) {
	pi.on("tool_call", async (event: any, ctx: any) => {
		const answer = await judge("tool_call", {
			hook_event_name: "tool_call",
			tool_name: event.toolName,
			tool_input: event.input,
			tool_call_id: event.toolCallId,
			cwd: ctx.cwd,
			has_ui: ctx.hasUI === true,
		});
		if (answer.decision === "ask") {
			// Asked here only where the hook says so and a person sits in front.
			let yes = false;
			try {
				yes = ctx.hasUI === true && (await ctx.ui.confirm("Palisade: may this run?", `${event.toolName}: ${answer.reason || ""}`)) === true;
			} catch {}
			if (!yes) return { block: true, reason: answer.reason || FAILED };
		} else if (answer.decision !== "allow") {
			return { block: true, reason: answer.reason || FAILED };
		}
		if (answer.input) {
			if (!isObject(event.input)) return { block: true, reason: FAILED };
			for (const key of Object.keys(event.input)) delete event.input[key];
			Object.assign(event.input, answer.input);
		}
	});
	pi.on("tool_result", async (event: any, ctx: any) => {
		const answer = await judge("tool_result", {
			hook_event_name: "tool_result",
			tool_name: event.toolName,
			tool_input: event.input,
			tool_call_id: event.toolCallId,
			tool_result: event.content,
			is_error: event.isError,
			cwd: ctx.cwd,
		});
		if (answer.decision === "allow") return;
		// In the shape that came, where the hook gives that: pictures stay.
		if (Array.isArray(answer.output)) return { content: answer.output };
		return { content: [{ type: "text", text: answer.reason || "Palisade withholds the output of this call." }] };
	});
}
