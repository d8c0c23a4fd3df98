// Hosts clang, wasm-ld and llvm-symbolizer (@yowasp/clang) in a process of their own. Plain JavaScript, so that it can be
// forked alike by the TypeScript sources and by dist. The parent starts it with --liftoff-only: V8's flags hold for a
// whole process, and the optimising tier costs the compiler's 75 MB module more time than it saves.
//
// in:  { id, tool, args, files: nested folders of text or bytes, want: paths }
// out: "ready" once; then { id, exitCode, log, files: Map of path to bytes } in the order of the requests
import { commands, runLLVM } from "@yowasp/clang";

// Ctrl-C reaches the whole process group and ends this process at once, busy or not; without a parent there is no work.
process.on("disconnect", () => process.exit(0));

// With its own progress function the package does not print to stdout while it reads its parts.
await runLLVM(null, {}, { fetchProgress() {} });
process.send("ready");

process.on("message", async (request) => {
  process.send(await run(request));
});

async function run({ id, tool, args, files, want }) {
  const decoder = new TextDecoder();
  let log = "";
  const sink = (bytes) => {
    if (bytes) log += decoder.decode(bytes, { stream: true });
  };
  try {
    const tree = await commands[tool](args, files, { stdout: sink, stderr: sink });
    return { id, exitCode: 0, log, files: new Map(want.map((path) => [path, fileAt(tree, path)])) };
  } catch (error) {
    // The package reports an exit status as an error with a code; anything else is a crash of the tool.
    if (typeof error?.code === "number") return { id, exitCode: error.code, log, files: new Map() };
    return { id, exitCode: 134, log: `${log}\n${error?.stack ?? error}`, files: new Map() };
  }
}

function fileAt(tree, path) {
  const file = path.split("/").reduce((folder, name) => folder?.[name], tree);
  return typeof file === "string" ? new TextEncoder().encode(file) : file;
}
