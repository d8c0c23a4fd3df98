// Hosts clang, wasm-ld and llvm-symbolizer (@yowasp/clang) in a process of their own. Plain JavaScript, so that it can be
// forked alike by the TypeScript sources and by dist. The parent starts it with flags of V8, which hold for a whole process:
// --liftoff-only, since the optimising tier costs the compiler's 75 MB module more time than it saves, and
// --wasm-lazy-validation, since most functions are never called.
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
  const toLog = (bytes) => {
    if (bytes) log += decoder.decode(bytes, { stream: true });
  };
  const object = [];
  const toObject = (bytes) => {
    if (bytes) object.push(bytes.slice());
  };
  const byStdout = objectByStdout(tool, args);
  try {
    const tree = await commands[tool](byStdout?.args ?? args, files, {
      stdout: byStdout ? toObject : toLog,
      stderr: toLog,
    });
    const fileOf = (path) => (path === byStdout?.path ? new Uint8Array(Buffer.concat(object)) : fileAt(tree, path));
    return { id, exitCode: 0, log, files: new Map(want.map((path) => [path, fileOf(path)])) };
  } catch (error) {
    // The package reports an exit status as an error with a code; anything else is a crash of the tool.
    if (typeof error?.code === "number") return { id, exitCode: error.code, log, files: new Map() };
    return { id, exitCode: 134, log: `${log}\n${error?.stack ?? error}`, files: new Map() };
  }
}

/**
 * The arguments that make clang write its object to stdout, and the path that it would have had. Into a file it writes a few
 * bytes at a time, and the package's file system copies the whole file at each of them: half of the time of a compile.
 */
function objectByStdout(tool, args) {
  const at = args.lastIndexOf("-o") + 1;
  if (tool !== "clang++" || at === 0) return undefined;
  return { args: args.with(at, "-"), path: args[at] };
}

function fileAt(tree, path) {
  const file = path.split("/").reduce((folder, name) => folder?.[name], tree);
  return typeof file === "string" ? new TextEncoder().encode(file) : file;
}
