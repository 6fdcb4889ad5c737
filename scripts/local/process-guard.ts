import { spawn } from "node:child_process";

/**
 * Makes sure that a child process (or, with a negative id, a process group) does not outlive this
 * one, also when this one is killed with SIGKILL. A tiny shell of its own session waits on a pipe
 * that breaks at that moment. Windows has no such shell: there a killed parent leaves its child.
 * Returns what to call when the child has ended by itself.
 */
export function endWithThisProcess(pid: number): () => void {
  if (process.platform === "win32") return () => {};
  const script = `trap '' INT TERM HUP; read -r word; [ "$word" = ended ] || kill -s KILL -- ${pid} 2>/dev/null`;
  const guard = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  guard.unref();
  // Its own end at the same moment as ours is no error.
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  return () => guard.stdin.end("ended\n");
}
