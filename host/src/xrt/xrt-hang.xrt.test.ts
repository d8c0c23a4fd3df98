import { expect, test, vi } from "vitest";
import { faultLeft, setFault } from "../emulation/fault-table.ts";
import { machineFolder, withBench } from "./xrt-bench.test-support.ts";

// In a file and so in a process of its own: the context of the hung command is in use until the process ends.
test("a command that never ends: the wait ends as TIMEOUT in words of ours, and the event loop goes on meanwhile", () =>
  withBench(async (bench) => {
    const { input, output } = await bench.buffers(1);
    setFault(machineFolder, "execution", { kind: "hang", times: 1 });

    const run = await bench.run({ send: 1, fetch: 1 }, input, output);
    // What was not submitted by the end of the wait would be taken back.
    await vi.waitFor(() => expect(faultLeft(machineFolder, "execution").times).toBe(0), 60_000);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const state = await run.wait({ timeoutMs: 200 });
    clearInterval(timer);

    expect(state).toBe("TIMEOUT");
    expect(run.error).toMatchObject({ code: "device", message: "run: not finished after 200 ms" });
    expect(ticks).toBeGreaterThan(0);
    // Its memory is still the NPU's, and nothing is started behind it.
    expect(() => input.close()).toThrow("close while 1 run(s) in flight use it");
    await expect(bench.run({ send: 1, fetch: 1 }, input, output)).rejects.toThrow(
      "given up is still in flight on the NPU",
    );
    await expect(bench.context.close()).rejects.toThrow("a command is still in flight after 8 s");
  }));
