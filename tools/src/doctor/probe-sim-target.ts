import { DeviceError } from "@aiekit/core";

/**
 * The whole road of a kernel for the simulator, with the smallest kernel: compile, link into one 64 KiB page, run.
 * Returns the compiler's version. `clang`: a system clang to use in place of the npm package's.
 */
export async function probeSimTarget(clang?: string): Promise<string> {
  const { WasmClang } = await import("@aiekit/wasm-clang");
  const compiler = await WasmClang.open(clang === undefined ? {} : { clang });
  try {
    const { object } = await compiler.compile({
      source: { name: "probe.cc", text: 'extern "C" int add_one(int value) { return value + 1; }\n' },
      headers: new Map(),
      args: ["--target=wasm32-unknown-unknown", "-O2", "-nostdlib"],
    });
    const linked = await compiler.link({
      name: "probe",
      objects: [{ name: "probe.o", bytes: object }],
      exports: ["add_one"],
      stackBytes: 1024,
      dataBase: 1024,
    });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const { instance } = await WebAssembly.instantiate(new Uint8Array(linked.module), { env: { memory } });
    const result = (instance.exports.add_one as (value: number) => number)(41);
    if (result !== 42) throw new DeviceError(`probe: add_one(41): expected 42, got ${result}`);
    return compiler.version;
  } finally {
    compiler.close();
  }
}
