// Runs the commands of docs/benchmarks.md and puts what they print into the page: in each block that begins with `$ COMMAND`
// everything behind that line is replaced by the machine and the command's output. Nothing in these blocks is written by hand.
// Runs on the built packages: `pnpm build` first. A command that fails leaves its block as it was.
//
//   node scripts/bench-page.mjs [TEXT]    only commands that contain TEXT
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const page = join(root, "docs/benchmarks.md");
const wanted = process.argv[2] ?? "";
const blocks = [...readFileSync(page, "utf8").matchAll(/^```text\n\$ (.+)\n/gm)].map(([, command]) => command);
const chosen = blocks.filter((command) => command.includes(wanted));
if (chosen.length === 0) {
  console.error(`docs/benchmarks.md: no command contains "${wanted}"; it has:\n  ${blocks.join("\n  ")}`);
  process.exitCode = 2;
}
for (const command of chosen) {
  console.error(`$ ${command}`);
  const before = machineLine();
  const { code, output } = await run(command);
  if (code === 0) replaceBlock(command, `${before}\n${output.trimEnd()}\n`);
  else {
    console.error(`exit code ${code}: its block is left as it was`);
    process.exitCode = 1;
  }
}

/** Load is that before the command, so it tells of what else the machine did. */
function machineLine() {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const cores = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `# ${day}, commit ${commit}, ${cores.length} cores of ${cores[0]?.model.trim()}, Node.js ${process.versions.node}, load ${loadavg()[0]?.toFixed(1)}`;
}

function run(command) {
  return new Promise((done) => {
    const child = spawn("sh", ["-c", command], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      process.stderr.write(text);
    });
    child.on("close", (code) => done({ code, output }));
  });
}

/** Read again each time: a run of minutes may be interrupted, and keeps what it has. */
function replaceBlock(command, body) {
  const text = readFileSync(page, "utf8");
  const start = text.indexOf(`\`\`\`text\n$ ${command}\n`);
  const bodyAt = text.indexOf("\n", text.indexOf("$ ", start)) + 1;
  const end = text.indexOf("\n```", bodyAt - 1) + 1;
  writeFileSync(page, text.slice(0, bodyAt) + body + text.slice(end));
}
