import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DesignBuilder, i32, memref, printModule } from "@aiekit/mlir";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture, oneCoreDesign, type SimFolder, sendAndAwait, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
  await folder.write(
    "call.mlir",
    oneCoreDesign({
      declarations: "func.func private @k(memref<16xi32>, memref<16xi32>)",
      work: "func.call @k(%ei, %eo) : (memref<16xi32>, memref<16xi32>) -> ()",
      sequence: sendAndAwait,
    }),
  );
});
afterAll(() => folder.remove());

const kernel = (body: string): string =>
  `#include <aie_api/aie.hpp>\nextern "C" void k(const int *in, int *out) {\n  ${body.replaceAll("; ", ";\n  ")}\n}\n`;

async function checked(body: string) {
  await folder.write("k.cc", kernel(body));
  return folder.sim("call.mlir", "--kernel", "k.cc", "--in", "zeros", "--out", "b.npy", "--check");
}

test("--check: a right kernel runs, and the report says how much of the stack it used", {
  timeout: 60_000,
}, async () => {
  const right = await checked(
    "volatile int copy[16]; for (int i = 0; i < 16; ++i) copy[i] = in[i]; for (int i = 0; i < 16; ++i) out[i] = copy[i] + 1;",
  );

  expect(right).toMatchObject({ code: 0 });
  expect(right.stdout).toMatch(/core \(0,2\): kernels used (6[4-9]|[7-9]\d|1\d\d) of 1024 bytes of stack here/);
});

test("--check: what hardware does in silence is named with kernel, buffer, element and the line of the call", {
  timeout: 60_000,
}, async () => {
  const overrun = await checked("for (int i = 0; i <= 16; ++i) out[i] = in[0];");
  const unset = await checked("for (int i = 0; i < 16; ++i) out[i] += in[i] + 1;");

  expect([overrun, unset].map(({ code }) => code)).toEqual([5, 5]);
  expect(overrun.stderr).toMatch(/kernel k on core \(0,2\): writes 4 bytes behind its argument out_buff_0, at address/);
  expect(unset.stderr).toMatch(
    /kernel k on core \(0,2\): reads memory of tile \(0,2\) that was never written: .*element \d+, .*out_buff_0.* of objectFifo out/,
  );
  for (const { stderr } of [overrun, unset]) expect(stderr).toMatch(/called \(call\.mlir:\d+:\d+\) with/);
});

test("--check: a kernel that rounds as it finds the core is told with call, element and cure; one that sets its mode is not", {
  timeout: 60_000,
}, async () => {
  const narrows = (value: string, mode = ""): Promise<{ readonly code: number; readonly stderr: string }> =>
    checked(
      `${mode}aie::accum<accfloat, 16> sum; sum.from_vector(aie::broadcast<float, 16>(${value})); for (int i = 0; i < 2; ++i) aie::store_v((bfloat16 *)out + 16 * i, sum.to_vector<bfloat16>());`,
    ).then(({ code, stderr }) => ({ code, stderr: stderr.replace(/^compile .*\n/m, "") }));

  const asFound = await narrows("1.006f");
  const exact = await narrows("1.5f");
  const set = await narrows("1.006f", "aie::set_rounding(aie::rounding_mode::conv_even); ");

  const told = asFound.stderr.split("\n").filter((line) => line.includes("sets no rounding"));
  expect(asFound.code).toBe(0);
  expect(told).toEqual([
    expect.stringMatching(
      /^warning: kernel k on core \(0,2\) \(call\.mlir:\d+:\d+\) sets no rounding: it rounds by floor, as a core starts; 32 bytes .* element 0, .*out_buff_0.*: call aie::set_rounding/,
    ),
  ]);
  for (const { code, stderr } of [exact, set]) {
    expect(code).toBe(0);
    expect(stderr).not.toContain("rounding");
  }
});

/** Objects go straight and over a worker that takes four before it gives one, which is awaited first. */
function twoWays(depth: number): string {
  const d = new DesignBuilder("npu1_1col");
  const element = memref([16], i32);
  const [shim, source, sink, worker] = [0, 2, 3, 4].map((row) => d.tile(0, row)) as [never, never, never, never];
  const fifo = (name: string, producer: never, consumer: never, depth: number) =>
    d.objectFifo({ name, producer, consumers: [consumer], depth: [depth, depth], element });
  const [straight, work] = [fifo("straight", source, sink, depth), fifo("work", source, worker, 4)];
  const [result, out] = [fifo("result", worker, sink, 1), fifo("out", sink, shim, 1)];
  d.core(source, { stackBytes: 1024 }, (core) =>
    core.forever(() => {
      for (const to of [straight, work]) {
        core.acquire(to, "Produce");
        core.release(to, "Produce");
      }
    }),
  );
  d.core(worker, { stackBytes: 1024 }, (core) =>
    core.forever(() => {
      core.acquireMany(work, "Consume", 4);
      core.acquire(result, "Produce");
      core.release(work, "Consume", 4);
      core.release(result, "Produce");
    }),
  );
  d.core(sink, { stackBytes: 1024 }, (core) =>
    core.forever(() => {
      core.acquire(result, "Consume");
      core.acquire(out, "Produce");
      core.repeat(4, () => {
        core.acquire(straight, "Consume");
        core.release(straight, "Consume");
      });
      core.release(result, "Consume");
      core.release(out, "Produce");
    }),
  );
  d.sequence({ name: "run", args: { out: memref([64], i32) } }, (s, host) => {
    s.transfer({ fifo: out, buffer: host.out, id: 0 });
    s.wait(out);
  });
  return printModule(d.build());
}

test("a deadlock is told with its circle in the design's names, and the smallest depth with which it was run to its end", {
  timeout: 60_000,
}, async () => {
  await folder.write("two-ways.mlir", twoWays(2));
  await folder.write("freed.mlir", twoWays(4));

  const stands = await folder.sim("two-ways.mlir", "--out", "b.npy", "--json", "--trace", "trace.json");
  const freed = await folder.sim("freed.mlir", "--out", "b.npy");

  expect(stands.code).toBe(5);
  const { message, fault } = JSON.parse(stands.stdout).error;
  expect(message).toMatch(/-\(objectFifo straight is full\)-> core \(0,3\)/);
  expect(message).toContain("run to its end: objectFifo @straight from [2, 2] to [4, 4]");
  expect(fault).toMatchObject({
    kind: "deadlock",
    waitFifos: expect.arrayContaining(["straight", "work", "result"]),
  });
  expect(freed.code).toBe(0);
  const trace = JSON.parse(await readFile(join(folder.path, "trace.json"), "utf8"));
  expect(trace.traceEvents.map(({ name }: { readonly name: string }) => name)).toContain("lock straight_prod_lock_0");
});

test("--use prints what each tile has and what takes it, and runs nothing", async () => {
  const { code, stdout } = await folder.sim("call.mlir", "--use");

  expect(code).toBe(0);
  expect(stdout).toMatch(/\(0,2\) +data memory +1280 +65536 +2 % +stack 1024, \w+ 128, \w+ 128/);
  expect(stdout).toMatch(/\(0,2\) +BDs +4 +16 +25 % +in_cons 2, out 2|out 2, in_cons 2/);
  expect(stdout).toMatch(/\(0,0\) +S2MM channels +1 +2 +50 % +out/);
  expect(stdout).toMatch(/\(0,0\) +shim mux MM2S +1 +2 +50 % +in \(DMA 0\)/);
  expect(stdout).toMatch(/\(0,2\) +DMA masters +1 +2 +50 % +in \(DMA 0\)/);
  expect(stdout).toContain("core (0,2): program memory 16384 bytes; its program's size is not known without Peano");
  expect(stdout).toContain("context: 1 of 4 columns, 1 of 6 contexts; 4 of this width at once");
});

test("--check refuses a size that a BD's register cannot hold, which is a warning without it", async () => {
  const wide = fixture("odd-bd-wrap-300-compute.mlir");
  const text = (await readFile(wide, "utf8")).replace(
    /\n {2}}\n}\n$/,
    `\n    aie.runtime_sequence @run() {}${"\n  }\n}\n"}`,
  );
  await folder.write("wide.mlir", text);

  const taken = await folder.sim("wide.mlir");
  const refused = await folder.sim("wide.mlir", "--check");

  expect([taken.code, refused.code]).toEqual([0, 4]);
  for (const { stderr } of [taken, refused]) {
    expect(stderr).toMatch(/wide\.mlir:9:\d+: .*size of dimension 0 in words is 300: .*holds at most 255/);
    expect(stderr).toContain("hint: write it as two dimensions: <size = 2, stride = 600>, <size = 150, stride = 4>");
    expect(stderr.match(/is 300/g)).toHaveLength(1);
  }
});
