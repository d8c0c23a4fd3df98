import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NpuGeneration } from "../device.ts";
import { deviceLimits } from "../limits.ts";
import { type SharedArray, serveDriver } from "./driver-connection.ts";
import { makeMachineFolder } from "./machine-folder.ts";

interface EmulatedMachineOptions {
  readonly generation: NpuGeneration;
  /** Hears, in words, what a command did that the array did not like; XRT itself tells only a state. */
  readonly onFault?: (text: string) => void;
}

/** A machine with an NPU that is not there: a folder for the preload library, and the array that executes commands. */
interface EmulatedMachine {
  /** Value of AIEKIT_EMULATED_NPU for programs that are to see the NPU. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Starts one in this process. Programs that use it must be other processes: this one's event loop executes their commands. */
export async function startEmulatedMachine(options: EmulatedMachineOptions): Promise<EmulatedMachine> {
  const folder = mkdtempSync(join(tmpdir(), "aiekit-npu-"));
  makeMachineFolder(folder, options.generation);
  const limits = deviceLimits[options.generation];
  const array: SharedArray = {
    columns: limits.columns,
    contextLimit: limits.contexts,
    // Of the amdxdna driver's feature tables, AIE2_PREEMPT: npu4 and later, from the oldest firmware on that it takes.
    preemption: options.generation === "npu2",
    contexts: 0,
    nextContext: 1,
    onFault: options.onFault ?? (() => {}),
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveDriver(socket, array);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(join(folder, "socket"), resolve);
  });
  return {
    folder,
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
