import { expect, test } from "vitest";
import { conformanceDesign, type Elements, forms, routedDesigns } from "./conformance.test-support.ts";
import { arrivals, deliveries, type Standalone, standalone } from "./conformance-arithmetic.test-support.ts";
import { bytesOf, insts, sync, transfer } from "./lowered-design.test-support.ts";

/** What the array says to sequences that await words which never come, or leave host memory. */
const faults: Readonly<Record<string, RegExp>> = {
  "acquire-two-release-two": /deadlock[\s\S]*waits for 32 of 64 words/,
  "memcpy-nd-offsets-i32": /deadlock[\s\S]*waits for 512 of 1024 words/,
  "memcpy-packet-header": /deadlock[\s\S]*DMA S2MM 0 of tile \(0,2\) has no task/,
  "memcpy-zero-size1-strides": /deadlock[\s\S]*waits for 896 of 1024 words/,
  "sequence-five-arguments": /deadlock[\s\S]*waits for 64 of 64 words/,
  "memcpy-nd-limit-values": /reads bytes 0\.\.8581545987 of host argument 0, which has 268435456 bytes/,
  "memcpy-nd-rank4-i32": /reads bytes 16384\.\.33311 of host argument 0, which has 32768 bytes/,
  "odd-memcpy-beyond-buffer": /reads bytes 0\.\.511 of host argument 0, which has 256 bytes/,
  "sequence-blockwrite-and-queue": /reads bytes 512\.\.1535 of host argument 0, which has 1024 bytes/,
  "odd-memcpy-id-16": /BD 0 of tile \(0,0\) is started, but was never written/,
  "odd-push-queue-bd-16": /BD 0 of tile \(0,0\) is started, but was never written/,
  "sequence-writes-masks-syncs": /BD 15 of tile \(0,0\) is started, but was never written/,
};

/** Sequences that run to their end and leave nothing behind that could be compared. */
const withoutResult = [
  ...["odd-memcpy-padding-on-shim", "odd-memcpy-size3-65", "odd-memcpy-stride1-too-large"],
  ...["odd-memcpy-stride3-too-large", "sequence-no-arguments", "sequence-set-lock", "sequence-writebd"],
];

/** Designs that the array cannot be configured with, and why. */
const refused: Readonly<Record<string, RegExp>> = {
  "configure-and-run-other-device": /expected one aie\.device, found 2: copy, main/,
  "two-devices": /expected one aie\.device, found 2: first, second/,
  "core-elf-file": /a core given as an ELF file cannot be simulated/,
  "odd-dma-channel-2-compute": /has no DMA channel MM2S 2/,
  // The compiler takes it up to its routing; no tile has two cores.
  "odd-two-cores-on-one-tile": /\(0,2\) has a core already/,
  "link-with-on-core-deprecated": /no kernels were built/,
  "matmul-16-cores-i16-npu1": /no kernels were built/,
  "nested-loops-weights-outer": /no kernels were built/,
  "sliding-window-3-of-4": /no kernels were built/,
};

/** Host memory this large is compared in its first part only. */
const comparedElements = 8192;

test.each(Object.entries(deliveries))("%s delivers what arithmetic says, in every form", async (name, arithmetic) => {
  for (const form of forms) {
    const { newArguments, run } = conformanceDesign(name, form);
    const args = filled(newArguments());
    const before = args.map((arg) => arg.slice(0, 2 * comparedElements));
    const expected = arithmetic(args.map((arg) => arg.slice()));

    await run(...args);

    args.forEach((arg, i) => {
      const wanted = before[i]!.slice();
      wanted.set(Array.from(expected[i] ?? []), 0);
      expect(differences(arg.subarray(0, wanted.length), wanted), `${form}, argument ${i}`).toEqual([]);
    });
  }
});

test.each(Object.entries(arrivals))(
  "%s leaves what arithmetic says in the tiles' buffers",
  async (name, arithmetic) => {
    for (const form of forms) {
      // mlir-aie moves this design's buffer from the address it was given, and the stream writes there.
      if (form === "ours" && name === "sequence-rtp-writes") continue;
      const { array, newArguments, run } = conformanceDesign(name, form);
      const args = filled(newArguments());

      await run(...args);
      await settle(array);

      checkBuffers(array, arithmetic(args), args[0] ?? new Int32Array(0));
    }
  },
);

test.each(Object.entries(standalone))("%s, which has no sequence, does what arithmetic says", async (name, design) => {
  for (const form of forms) {
    const { array } = conformanceDesign(name, form);
    const feed = Int32Array.from({ length: design.feedWords ?? 0 }, (_, i) => i * 7 - 300);
    const drain = new Int32Array(design.drain?.([...feed]).length ?? 0).fill(-1);
    for (const buffer of design.filled ?? []) array.buffer(buffer).fill(0xff);

    await array.run({ insts: drive(design, feed, drain), buffers: [feed, drain].map(bytesOf) });
    await settle(array);

    expect([...drain], form).toEqual(design.drain?.([...feed]) ?? []);
    checkBuffers(array, design.buffers?.([...feed]) ?? {}, new Int32Array(0));
  }
});

test.each(Object.entries(faults))("%s stops with its fault in every form", async (name, message) => {
  for (const form of forms) {
    const { newArguments, run } = conformanceDesign(name, form);

    await expect(run(...filled(newArguments())), form).rejects.toThrow(message);
  }
});

test.each(withoutResult)("%s runs to its end and changes no argument", async (name) => {
  for (const form of forms) {
    const { newArguments, run } = conformanceDesign(name, form);
    const args = filled(newArguments());
    const before = args.map((arg) => arg.slice(0, comparedElements));

    await run(...args);

    args.forEach((arg, i) => {
      expect(differences(arg.subarray(0, comparedElements), before[i]!), form).toEqual([]);
    });
  }
});

test.each(Object.entries(refused))("%s is refused with the reason", (name, reason) => {
  for (const form of forms) expect(() => conformanceDesign(name, form), form).toThrow(reason);
});

test("one device of several is chosen by its name and runs its own sequence", async () => {
  for (const form of ["addresses", "physical"] as const) {
    const { run } = conformanceDesign("configure-and-run-other-device", form, { device: "copy" });
    const input = Int32Array.from({ length: 128 }, (_, i) => i * 7 - 300);
    const output = new Int32Array(128);

    await run(input, output);

    expect(output).toEqual(input);
    expect(conformanceDesign("two-devices", form, { device: "second" }).config.buffers[0]?.bytes).toBe(32);
    expect(() => conformanceDesign("two-devices", form, { device: "third" })).toThrow(
      "expected a device third, found first, second",
    );
  }
});

test("every other routed design configures the array alike before and after routing, and comes to rest", async () => {
  const named = [deliveries, arrivals, standalone, faults, refused].flatMap((table) => Object.keys(table));
  const rest = routedDesigns().filter((name) => !named.includes(name) && !withoutResult.includes(name));
  for (const name of rest) {
    const [before, after] = [conformanceDesign(name, "addresses"), conformanceDesign(name, "physical")];

    expect(after.config.flows, name).toEqual(before.config.flows);
    await settle(before.array);
    await settle(after.array);
  }

  expect(named.length + withoutResult.length + rest.length).toBe(routedDesigns().length);
});

/** Arguments of many megabytes are zeros behind this element, which no design reads. */
const filledElements = 100_000;

/** Every argument has numbers of its own: 7i - 300, and 100000 more from one argument to the next. */
function filled(args: readonly Elements[]): Elements[] {
  args.forEach((arg, k) => {
    // bf16 values from -32 to 32; as bits, most of them are no numbers.
    for (let i = 0; i < Math.min(arg.length, filledElements); i++)
      arg[i] = arg instanceof Uint16Array ? bf16Bits(i, k) : i * 7 - 300 + k * 100_000;
  });
  return [...args];
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** Bits of a bf16 near (i mod 4096 - 2048) / 64 + k: the upper half of the f32. */
function bf16Bits(i: number, k: number): number {
  single[0] = ((i % 4096) - 2048) / 64 + k;
  return singleBits[0]! >>> 16;
}

/** The first places where two arrays differ. */
function differences(got: Elements, wanted: Elements): string[] {
  const found: string[] = [];
  for (let i = 0; i < wanted.length && found.length < 4; i++) {
    if (got[i] !== wanted[i]) found.push(`element ${i}: expected ${wanted[i]}, got ${got[i]}`);
  }
  return found;
}

type Array = ReturnType<typeof conformanceDesign>["array"];

/** Lets the array work for several launches' time. */
async function settle(array: Array): Promise<void> {
  for (let i = 0; i < 3; i++) await array.run({ insts: insts(), buffers: [] });
}

/** `like` says of which elements the buffers are. */
function checkBuffers(array: Array, expected: Readonly<Record<string, ArrayLike<number>>>, like: Elements): void {
  for (const [name, values] of Object.entries(expected)) {
    const bytes = array.buffer(name).slice().buffer;
    const got = new (like.constructor as Int32ArrayConstructor)(bytes);
    const wanted = new (like.constructor as Int32ArrayConstructor)(Array.from(values));
    expect(differences(got, wanted), name).toEqual([]);
  }
}

/** Sends `feed` by MM2S 0 of the shim, and awaits `drain` at its S2MM 0. */
function drive(design: Standalone, feed: Int32Array, drain: Int32Array): Uint8Array {
  const take = transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: drain.length });
  const give = transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: feed.length });
  return insts(design.drain ? [...take] : [], design.feedWords ? give : [], design.drain ? [sync("S2MM")] : []);
}
