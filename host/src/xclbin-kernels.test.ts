import { readXclbin, type Xclbin } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { loopbackXclbin } from "./loopback.test-support.ts";
import { dpuKernels } from "./xclbin-kernels.ts";

const xclbin = readXclbin(loopbackXclbin(), "final.xclbin");
const changed = (change: Partial<Xclbin>) => () => dpuKernels({ ...xclbin, ...change });

test("groups come from CONNECTIVITY: SRAM for instructions, HOST for buffers, none for scalars", () => {
  const [kernel] = dpuKernels(xclbin);

  expect(kernel?.args.map(({ name, group }) => [name, group])).toEqual([
    ["opcode", 0x1ffff],
    ["instr", 0x10001],
    ["ninstr", 0x1ffff],
    ["bo0", 0x10000],
    ["bo1", 0x10000],
  ]);
});

test("an argument without a connection, of another IP or of a bank that is not there is named with XRT's words and a cure", () => {
  const connected = (argIndex: number, change: object) =>
    xclbin.connections.map((one) => (one.argIndex === argIndex ? { ...one, ...change } : one));
  const without = changed({ connections: xclbin.connections.filter(({ argIndex }) => argIndex !== 4) });
  const otherIp = changed({ connections: connected(4, { ipIndex: 7 }) });
  const noBank = changed({ connections: connected(3, { memoryIndex: 5 }) });

  for (const [create, what] of [
    [without, /CONNECTIVITY: argument 4 \(bo1\) of kernel MLIR_AIE/],
    [otherIp, /CONNECTIVITY: argument 4 \(bo1\) of kernel MLIR_AIE/],
    [noBank, /CONNECTIVITY: argument 3 \(bo0\) of kernel MLIR_AIE is connected to bank 5, MEM_TOPOLOGY has 2/],
  ] as const) {
    expect(create).toThrow(what);
    expect(create).toThrow(/^final\.xclbin: .*XRT says: "group_id\(n\) is invalid/);
    expect(create).toThrow(expect.objectContaining({ hint: expect.stringContaining("connect") }));
  }
});
