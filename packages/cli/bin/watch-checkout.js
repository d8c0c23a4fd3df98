// `aiekit build KERNEL --watch` in a checkout: designs are TypeScript, part of this program. The watch runs in a child
// process; when a source of the program is saved, it is compiled and the watch begins anew with it.
import { spawn } from "node:child_process";
import { watchFolders } from "@aiekit/tools";

const debounceMs = 50;

/**
 * Resolves to the exit code of the watch when it ends: by Ctrl-C, or by itself for a command line that it refuses.
 * `compile` gives what it did: "fresh" (nothing to do), "compiled" or "failed" (and has said why).
 */
export async function watchCheckout({ entry, argv, sourceFolders, compile }) {
  let child;
  let restart = false;
  // A child whose channel closes stops as with Ctrl-C; so it does when this process is killed.
  const stopChild = () => {
    if (child.connected) child.disconnect();
  };
  process.on("SIGINT", () => {
    restart = false;
    stopChild();
  });
  const sources = await watchFolders(sourceFolders, {
    debounceMs,
    onChange() {
      if (compile() !== "compiled") return;
      restart = true;
      stopChild();
    },
  });
  let exitCode;
  do {
    restart = false;
    child = spawn(process.execPath, [entry, ...argv], { stdio: ["inherit", "inherit", "inherit", "ipc"] });
    exitCode = await new Promise((resolve) => child.on("exit", (code) => resolve(code ?? 1)));
  } while (restart);
  sources.close();
  return exitCode;
}
