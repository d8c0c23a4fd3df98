import { encodeTxn } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import type { HwContext, Kernel } from "./device.ts";
import { FullElfKernels, ModuleKernels } from "./elf-kernels.ts";

/** A context that tells what it was asked for. */
function recorder() {
  const asked: { readonly name: string; readonly elf?: Uint8Array }[] = [];
  const made = (entry: (typeof asked)[number]): Kernel => {
    asked.push(entry);
    return { name: entry.name } as Kernel;
  };
  const context = {
    kernel: (name: string) => made({ name }),
    moduleKernel: (name: string, elf: Uint8Array) => made({ name, elf }),
  } as unknown as HwContext;
  return { asked, context };
}

const header = { major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 };
const stream = (value: number) => encodeTxn({ ...header, ops: [{ op: "write32", address: 0x1d210, value }] });

test("each choice of launch parameters has an ELF of its own stream, made once; without parameters it is the build's", () => {
  const { asked, context } = recorder();
  const built = Uint8Array.of(1, 2, 3);
  const kernels = new ModuleKernels({ context, kernelName: "K", elfs: new Map([["s", built]]) });

  const first = kernels.kernel("s", { keys: 7 }, () => stream(7));
  const again = kernels.kernel("s", { keys: 7 }, () => stream(0));
  kernels.kernel("s", { keys: 8 }, () => stream(8));
  kernels.kernel("s", {}, () => stream(9));

  expect(again).toBe(first);
  expect(asked.map(({ name }) => name)).toEqual(["K", "K", "K"]);
  const texts = [7, 8].map((value) => Buffer.from(stream(value)));
  expect(texts.map((text, i) => Buffer.from(asked[i]!.elf!).includes(text))).toEqual([true, true]);
  expect(asked[2]!.elf).toBe(built);
});

test("a full ELF has an instance for each sequence, and no other stream than the build's", () => {
  const { asked, context } = recorder();
  const built = stream(7);
  const kernels = new FullElfKernels({ context, kernelName: "K", insts: new Map([["s", built]]) });

  expect(kernels.kernel("s", {}, () => built)).toBe(kernels.kernel("s", { keys: 64 }, () => built));
  expect(asked).toEqual([{ name: "K:s" }]);
  expect(() => kernels.kernel("s", { keys: 3 }, () => stream(3))).toThrow(
    /s: launch parameters other than the largest/,
  );
});
