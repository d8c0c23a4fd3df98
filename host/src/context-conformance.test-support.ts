import { expect, test } from "vitest";
import { Bench, type LoopbackDesign } from "./conformance-bench.test-support.ts";
import type { Device } from "./device.ts";

export interface ConformanceOptions {
  readonly open: () => Promise<Device>;
  readonly design: LoopbackDesign;
  /** Contexts that the device grants at once. */
  readonly contextLimit: number;
  /** By when the device has given up a run that waits for data that never comes. */
  readonly hangLimitMs: number;
  /** Why there is no such device here; each test is then skipped with it. */
  readonly skipReason?: string | undefined;
}

/** Registers a test that is skipped where the device is not there. */
export function deviceTest({ skipReason }: ConformanceOptions) {
  return (title: string, body: () => Promise<void>): void =>
    test(title, async ({ skip }) => {
      if (skipReason !== undefined) skip(skipReason);
      await body();
    });
}

/** What every device must do with its contexts, and with itself, whatever kernels run. */
export function testContextConformance(options: ConformanceOptions): void {
  const { design } = options;
  const fact = deviceTest(options);

  fact("contexts beyond the device's limit are refused, and a closed one makes room", async () => {
    const device = await options.open();
    try {
      const uuid = await device.registerXclbin(design.xclbin(0));
      const contexts = [];
      for (let i = 0; i < options.contextLimit; i++) contexts.push(await device.createContext(uuid));

      await expect(device.createContext(uuid)).rejects.toThrow(`${options.contextLimit} contexts, all are in use`);
      await contexts[0]!.close();
      await contexts[0]!.close();
      await (await device.createContext(uuid)).close();
    } finally {
      await device.close();
    }
  });

  fact("two contexts do not see each other's data", async () => {
    const device = await options.open();
    try {
      const benches = [];
      for (const variant of [0, 1]) {
        const context = await device.createContext(await device.registerXclbin(design.xclbin(variant)));
        benches.push(new Bench(device, context, design));
      }
      const buffers = [];
      for (const [i, bench] of benches.entries()) {
        const { input, output } = await bench.buffers(1);
        await bench.fill(input, (i + 1) * 1000);
        buffers.push({ bench, input, output });
      }

      for (const { bench, input, output } of buffers)
        await (await bench.run({ send: 1, fetch: 0 }, input, output)).finish();
      for (const { bench, input, output } of buffers)
        await (await bench.run({ send: 0, fetch: 1 }, input, output)).finish();

      const firstWords = [];
      for (const { bench, output } of buffers) {
        await output.sync("fromDevice");
        firstWords.push(bench.words(output)[0]);
      }
      expect(firstWords).toEqual([1000, 2000]);
    } finally {
      await device.close();
    }
  });

  fact(
    "a BO that was allocated by one context's kernel serves another's, also after the first context has closed",
    async () => {
      const device = await options.open();
      try {
        const context = await device.createContext(await device.registerXclbin(design.xclbin(0)));
        const { input, output } = await new Bench(device, context, design).buffers(1);
        const other = await device.createContext(await device.registerXclbin(design.xclbin(1)));
        const bench = new Bench(device, other, design);
        await bench.fill(input, 1234);

        await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish();
        await context.close();
        await bench.fill(input, 4321);
        await (await bench.run({ send: 1, fetch: 1 }, input, output)).finish();

        await output.sync("fromDevice");
        expect(bench.words(output)[0]).toBe(4321);
      } finally {
        await device.close();
      }
    },
  );

  fact("an unknown kernel name and an unregistered uuid are refused", async () => {
    const device = await options.open();
    try {
      const context = await device.createContext(await device.registerXclbin(design.xclbin(0)));

      expect(() => context.kernel("NOPE")).toThrow(`no such kernel 'NOPE': expected one of ${design.kernelName}`);
      await expect(device.createContext("00000000-0000-0000-0000-000000000000")).rejects.toThrow("no xclbin with uuid");
    } finally {
      await device.close();
    }
  });

  fact("bytes that are no xclbin are refused at registration", async () => {
    const device = await options.open();
    try {
      const whole = design.xclbin(0);
      for (const bytes of [new Uint8Array(0), new Uint8Array(2000), whole.subarray(0, whole.length / 2)]) {
        await expect(device.registerXclbin(bytes)).rejects.toMatchObject({ code: "format" });
      }
    } finally {
      await device.close();
    }
  });

  fact("a buffer whose signal came before is not allocated; one with a time limit that suffices is", async () => {
    const device = await options.open();
    try {
      const hostOnly = { flags: "hostOnly", group: 0 } as const;

      const stopped = device.allocBo(64, { ...hostOnly, signal: AbortSignal.abort() });

      await expect(stopped).rejects.toMatchObject({ code: "aborted" });
      const signal = new AbortController().signal;
      const bo = await device.allocBo(64, { ...hostOnly, timeoutMs: 60_000, signal });
      expect(bo.map().byteLength).toBe(64);
    } finally {
      await device.close();
    }
  });

  fact("closing the device closes contexts and BOs; everything is refused afterwards", async () => {
    const device = await options.open();
    const uuid = await device.registerXclbin(design.xclbin(0));
    const context = await device.createContext(uuid);
    const bo = await device.allocBo(64, { flags: "hostOnly", group: context.kernel(design.kernelName).groupId(3) });

    await device.close();
    await device.close();

    expect(() => bo.map()).toThrow("after close");
    expect(() => context.kernel(design.kernelName)).toThrow("after close");
    await expect(device.allocBo(64, { flags: "hostOnly", group: 0 })).rejects.toThrow("after close");
    await expect(device.createContext(uuid)).rejects.toThrow("after close");
    await expect(device.registerXclbin(design.xclbin(0))).rejects.toThrow("after close");
  });
}
