import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { DeviceMemory, type MemoryRange } from "./device-memory.ts";
import { EmulatedContext, type EmulatedLaunch } from "./emulated-context.ts";
import type { AddressedRange } from "./patched-launch.ts";

/** What all processes on an emulated machine share. */
export interface SharedArray {
  readonly columns: number;
  readonly contextLimit: number;
  /** Firmware takes the commands of full ELFs. */
  readonly preemption: boolean;
  /** Contexts that processes have now. */
  contexts: number;
  nextContext: number;
  /** What commands did that the array did not like, in words. */
  readonly onFault: (text: string) => void;
}

const coreRows = 4;
// errno.h
const [invalid, notSupported] = [22, 95];

/**
 * Serves the emulated driver of one process; the lines are described in host/emulation/src/executor.h. When the process
 * ends, however it ends, its contexts are free again.
 */
export function serveDriver(socket: Socket, array: SharedArray): void {
  const contexts = new Map<number, EmulatedContext>();
  let memory: DeviceMemory | undefined;
  let pending = "";
  const answer = (line: string): void => {
    if (!socket.destroyed) socket.write(`${line}\n`);
  };

  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    const lines = (pending + chunk).split("\n");
    pending = lines.pop()!;
    for (const line of lines) handle(line.split(" "));
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    for (const context of contexts.values()) context.close();
    array.contexts -= contexts.size;
    contexts.clear();
    memory?.close();
  });

  function handle([id, verb, ...words]: string[]): void {
    if (verb === "hello") {
      memory = new DeviceMemory(words[1]!);
      answer(`ok ${id} ${array.columns + 256 * array.contextLimit + (array.preemption ? 65536 : 0)}`);
      return;
    }
    const numbers = words.map(Number);
    const handle = numbers[0]!;
    if (verb === "context") void createContext(id!, handle / coreRows);
    else if (verb === "configure") void configure(id!, handle, { offset: numbers[1]!, bytes: numbers[2]! });
    else if (verb === "destroy") destroy(handle);
    else if (verb === "run") void run(handle, words[1]!, numbers.slice(2));
  }

  async function createContext(id: string, columns: number): Promise<void> {
    // A process that has ended has no contexts any more, but the end of its connection may be handled behind this request that
    // came later: what there is to read now is, with the ends that it leads to, after two turns of the event loop.
    for (let turn = 0; turn < 2 && array.contexts >= array.contextLimit; turn++) await setImmediate();
    // The firmware says the same in all three cases.
    const fits = columns >= 1 && columns <= array.columns && array.contexts < array.contextLimit;
    if (!fits || memory === undefined || socket.destroyed) {
      answer(`err ${id} ${invalid}`);
      return;
    }
    const handle = array.nextContext++;
    array.contexts++;
    contexts.set(handle, new EmulatedContext(memory, array.onFault));
    answer(`ok ${id} ${handle}`);
  }

  async function configure(id: string, handle: number, pdi: MemoryRange): Promise<void> {
    try {
      await contexts.get(handle)!.configure(memory!.read(pdi));
      answer(`ok ${id} 0`);
    } catch (error) {
      array.onFault((error as Error).message);
      answer(`err ${id} ${notSupported}`);
    }
  }

  function destroy(handle: number): void {
    const context = contexts.get(handle);
    if (context === undefined) return;
    context.close();
    contexts.delete(handle);
    array.contexts--;
  }

  async function run(handle: number, seq: string, numbers: readonly number[]): Promise<void> {
    const context = contexts.get(handle);
    if (context === undefined) return;
    const { state, index } = await context.execute(launchesOf(numbers));
    answer(`end ${handle} ${seq} ${state} ${index}`);
  }
}

/** N, then for each launch: patched, offset and bytes of the instructions, count of BOs, address, offset and bytes of each. */
function launchesOf(numbers: readonly number[]): readonly EmulatedLaunch[] {
  let at = 1;
  const range = (): MemoryRange => ({ offset: numbers[at++]!, bytes: numbers[at++]! });
  const addressed = (): AddressedRange => ({ address: numbers[at++]!, ...range() });
  return Array.from({ length: numbers[0]! }, () => {
    const patched = numbers[at++] === 1;
    const insts = range();
    const count = numbers[at++]!;
    return { patched, insts, buffers: Array.from({ length: count }, addressed) };
  });
}
