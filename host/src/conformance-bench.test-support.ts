import type { Bo, Device, HwContext, Kernel, Run } from "./device.ts";

/**
 * A design that sends objects of i32 words into the array and fetches them back unchanged. What one run sends and does
 * not fetch must wait in the array for the next run; at least one object fits there.
 */
export interface LoopbackDesign {
  readonly kernelName: string;
  readonly objectWords: number;
  /** The xclbin; each `variant` has a uuid of its own. */
  readonly xclbin: (variant: number) => Uint8Array;
  /** Instructions that send objects from the start of bo0, then fetch objects into bo1 and wait for them. */
  readonly insts: (steps: { readonly send: number; readonly fetch: number }) => Uint8Array;
}

/** A kernel with what a test needs around it. */
export class Bench {
  readonly device: Device;
  readonly context: HwContext;
  readonly kernel: Kernel;
  readonly #design: LoopbackDesign;

  constructor(device: Device, context: HwContext, design: LoopbackDesign) {
    this.device = device;
    this.context = context;
    this.kernel = context.kernel(design.kernelName);
    this.#design = design;
  }

  async buffers(objects: number): Promise<{ input: Bo; output: Bo }> {
    const allocate = (index: number) => {
      const sizeBytes = objects * this.#design.objectWords * 4;
      return this.device.allocBo(sizeBytes, { flags: "hostOnly", group: this.kernel.groupId(index) });
    };
    return { input: await allocate(3), output: await allocate(4) };
  }

  async instructions(steps: { send: number; fetch: number }): Promise<{ instr: Bo; words: number }> {
    const bytes = this.#design.insts(steps);
    const instr = await this.device.allocBo(bytes.length, { flags: "cacheable", group: this.kernel.groupId(1) });
    instr.write(bytes);
    await instr.sync("toDevice");
    return { instr, words: bytes.length / 4 };
  }

  async createRun(steps: { send: number; fetch: number }, input: Bo, output: Bo): Promise<Run> {
    const { instr, words } = await this.instructions(steps);
    return this.kernel.createRun(3, instr, words, input, output);
  }

  async run(steps: { send: number; fetch: number }, input: Bo, output: Bo): Promise<Run> {
    return (await this.createRun(steps, input, output)).start();
  }

  words(bo: Bo): Int32Array {
    return new Int32Array(bo.map());
  }

  /** Writes start, start + 1, ... and syncs; returns a copy of what was written. */
  async fill(bo: Bo, start: number): Promise<Int32Array> {
    const words = this.words(bo);
    for (let i = 0; i < words.length; i++) words[i] = start + i;
    await bo.sync("toDevice");
    return words.slice();
  }
}
