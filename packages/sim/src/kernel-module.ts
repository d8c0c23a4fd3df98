import { BudgetError, DesignError } from "@aiekit/core";
import { type KernelOps, kernelOps } from "./cost-model.ts";
import { type TileCoord, tileName } from "./fault.ts";
import { type BudgetedModule, budgetName, withLoopBudget } from "./loop-budget.ts";
import { moduleRegisters, registerIndex, registerName } from "./module-registers.ts";
import { pageBytes, type StackNeeds, type StackRoom, stackLowName, stackRoom } from "./stack-room.ts";
import { fitsStack } from "./stack-use.ts";
import type { ThreadedKernels } from "./threaded-kernels.ts";
import { importedMemoryLimits, withMemoryMaximum } from "./wasm-memory-import.ts";
import { outlineModule } from "./wasm-module.ts";
import { type WasmGlobal, type WasmInstance, type WasmMemory, type WasmModule, wasm } from "./webassembly.ts";

/** Thrown by `aiekit_trap`, through the kernel's frames, to the call. */
export class KernelTrap extends Error {
  readonly trapCode: number;
  readonly a: number;
  readonly b: number;

  constructor(trapCode: number, a: number, b: number) {
    super(`aiekit_trap(${trapCode}, ${a}, ${b})`);
    this.trapCode = trapCode;
    this.a = a;
    this.b = b;
  }
}

/** Who hears the events that kernels mark; nobody mostly. */
interface KernelEvents {
  listener: ((event: number) => void) | undefined;
}

export type KernelFunction = (...args: (number | bigint)[]) => number | bigint | undefined;

/** The kernels of one core: its WebAssembly instance on the tile's memory. */
export interface KernelModule {
  readonly bytes: Uint8Array;
  readonly memory: WasmMemory;
  /** Undefined when the module does not export a function of this name. */
  readonly find: (name: string) => KernelFunction | undefined;
  readonly functionNames: readonly string[];
  /** The stack pointer now; undefined when the module does not export it. */
  readonly stackPointer: () => number | undefined;
  /** After a call that threw: the stack is where it is between calls, and nothing is counted. */
  readonly recover: () => void;
  /** Offset in `bytes` of what is at an offset of the module that runs. */
  readonly offsetBefore: (offset: number) => number;
  /** True when no call can take more than the stack has, as far as frames of a fixed size tell. */
  readonly stackFits: boolean;
  /** There where frames hold what the device has in registers, and the module was changed for it. */
  readonly stack: KernelStack | undefined;
  /** First byte behind the kernels' statics; undefined when the module does not say. */
  readonly staticsEnd: number | undefined;
  readonly events: KernelEvents;
  /** Work counted since the last call; undefined when the module counts none. */
  readonly takeOps: (() => KernelOps) | undefined;
  /** True when just this was counted since the last call, which then starts anew; undefined for modules that cannot tell. */
  readonly counted: ((ops: KernelOps) => boolean) | undefined;
  /** What the kernels' loops may still take; undefined where loops are not counted. */
  readonly budget: LoopBudget | undefined;
  /**
   * Globals that a kernel may change and that last from call to call, the stack pointer and the budget left out. Undefined where
   * they cannot be told.
   */
  readonly registers: readonly KernelRegister[] | undefined;
  /** There when other threads can have instances on the same memory. */
  readonly threaded: { readonly kernels: ThreadedKernels; readonly registers: readonly WasmGlobal[] } | undefined;
}

/** A global of a module, by its index there. */
interface KernelRegister {
  readonly index: number;
  readonly global: WasmGlobal;
}

export interface LoopBudget {
  /** Instructions in loops; below 0 when a loop has used it up, and so trapped. */
  readonly left: WasmGlobal;
}

/** A stack that lies elsewhere than from address 0 on, or whose use is followed. */
interface KernelStack extends Pick<StackRoom, "from" | "end" | "registerBytes"> {
  /** The page before the one where the stack lies, when that is a page of its own: nobody may write to it. */
  readonly guardPage: number | undefined;
  /** Bytes of stack that calls have used up to now, registers not counted. Zero where nobody follows it. */
  readonly used: () => number;
}

/**
 * Page of the window of neighbour `slot` (1, 2, ...). A guard page lies before each, so that a kernel that runs over the
 * end of its own memory is found out.
 */
export const windowPage = (slot: number): number => 2 * slot;

/** Pages of a core's memory: its own, and a guard page and a window for each neighbour. */
const pagesWith = (neighbours: number): number => windowPage(neighbours) + 1;

/** The module as threads run it: it keeps to the one page. Undefined for one whose stack needs another. */
export function moduleForThreads(bytes: Uint8Array): Uint8Array | undefined {
  const room = stackRoom(bytes, { pages: pagesWith(0), tracked: false });
  return room === undefined ? bytes : room.pages === pagesWith(0) ? room.bytes : undefined;
}

/**
 * Instantiates a core's module on a new memory: page 0 is the tile's data memory, then guard page and window for each
 * neighbour. Statics are written by this. `threaded`: what instances in several threads are made of. `tracked`: the use of the
 * stack is followed.
 * @throws DesignError for imports that no core gives. @throws BudgetError when the statics do not fit.
 */
export function instantiateKernels(
  tile: TileCoord,
  bytes: Uint8Array,
  options: {
    readonly neighbours: number;
    readonly threaded?: ThreadedKernels | undefined;
    readonly tracked?: boolean | undefined;
  },
): KernelModule {
  const { neighbours, threaded, tracked = false } = options;
  const limits = importedMemoryLimits(bytes);
  if (limits && neighbours === 0 && limits.minimum > 1) {
    throw new BudgetError(
      `kernels of tile ${tileName(tile)}: stack, buffers and statics need ${limits.minimum} pages of ${pageBytes} bytes, the tile has ${pageBytes} bytes`,
      { hint: "make tables or buffers smaller, or lower an objectFifo's depth" },
    );
  }
  const pagesBefore = Math.max(pagesWith(neighbours), limits?.minimum ?? 0);
  const { room, fits } = stackOf(tile, bytes, { pages: pagesBefore, tracked });
  const pages = room?.pages ?? pagesBefore;
  const memory = new wasm.Memory({ initial: pages, maximum: pages, shared: threaded !== undefined });
  const compile = compiled(threaded?.first ?? room?.bytes ?? bytes, pages, threaded === undefined);
  const events: KernelEvents = { listener: undefined };
  const imports = environment(memory, events);
  const first = instantiate(tile, () => compile().module, imports);
  const { exports } = threaded ? new wasm.Instance(threaded.module, imports) : first;
  const registers = threaded?.registers.map((name) => exports[name] as WasmGlobal) ?? [];
  // What a start function left in them.
  registers.forEach((register, i) => {
    register.value = (first.exports[threaded!.registers[i]!] as WasmGlobal).value;
  });
  const find = (name: string): KernelFunction | undefined => {
    const found = exports[name];
    return typeof found === "function" ? (found as KernelFunction) : undefined;
  };
  const left = exports[budgetName] as WasmGlobal | undefined;
  const count = find("aiekit_ops");
  const shuffles = find("aiekit_shuffles");
  const counted = find("aiekit_counted");
  const stack = exports.__stack_pointer;
  const stackAtRest = stack instanceof wasm.Global ? stack.value : undefined;
  const dataEnd = exports.__data_end;
  return {
    bytes,
    memory,
    find,
    functionNames: Object.keys(exports).filter((name) => typeof exports[name] === "function"),
    staticsEnd: dataEnd instanceof wasm.Global ? Number(dataEnd.value) : undefined,
    stackPointer: () => (stack instanceof wasm.Global ? Number(stack.value) : undefined),
    events,
    recover: () => {
      if (stack instanceof wasm.Global && stackAtRest !== undefined) stack.value = stackAtRest;
      if (count) takeOps(count, shuffles);
    },
    takeOps: count && (() => takeOps(count, shuffles)),
    counted: counted && ((ops) => countedJust(counted, ops)),
    budget: left && { left },
    offsetBefore: (offset) => (room?.offsetBefore ?? sameOffset)((threaded ?? compile()).offsetBefore(offset)),
    stackFits: fits,
    stack: room && {
      ...{ from: room.from, end: room.end, registerBytes: room.registerBytes },
      guardPage: pages > pagesBefore ? pagesBefore : undefined,
      used: () => (room.tracked ? room.end - Number((exports[stackLowName] as WasmGlobal).value) : 0),
    },
    registers: threaded
      ? registers.map((global, i) => ({ index: registerIndex(threaded.registers[i]!), global }))
      : registersIn(exports, compile()),
    threaded: threaded && { kernels: threaded, registers },
  };
}

function registersIn(exports: WasmInstance["exports"], { registers }: CompiledModule): KernelRegister[] | undefined {
  return registers?.map((index) => ({ index, global: exports[registerName(index)] as WasmGlobal }));
}

const sameOffset = (offset: number): number => offset;

function environment(memory: WasmMemory, events: KernelEvents) {
  const env = {
    memory,
    aiekit_trap: (code: number, a: number, b: number): never => {
      throw new KernelTrap(code, a, b);
    },
    aiekit_event: (event: number): void => events.listener?.(event),
  };
  return { env };
}

interface CompiledModule {
  readonly module: WasmModule;
  /** Indices of those that are exported. */
  readonly registers: readonly number[] | undefined;
  readonly offsetBefore: BudgetedModule["offsetBefore"];
}

/** Modules that were compiled, by their bytes and the pages of their memory: kernels that ran often stay optimized. */
const modules = new WeakMap<Uint8Array, Map<number, CompiledModule>>();

/** Compiles a module for a memory of `pages`. Cores with one program share it, and so do arrays one after the other. */
function compiled(bytes: Uint8Array, pages: number, budgeted: boolean): () => CompiledModule {
  return () => {
    const byPages = modules.get(bytes) ?? new Map<number, CompiledModule>();
    modules.set(bytes, byPages);
    const known = byPages.get(pages);
    if (known !== undefined) return known;
    const plain = withMemoryMaximum(bytes, pages);
    const registers = moduleRegisters(outlineModule(plain));
    const counted = budgeted ? withLoopBudget(plain, registers) : undefined;
    const made = {
      module: new wasm.Module(counted?.bytes ?? plain),
      offsetBefore: counted?.offsetBefore ?? ((offset: number) => offset),
      registers: counted && registers,
    };
    byPages.set(pages, made);
    return made;
  };
}

function instantiate(
  tile: TileCoord,
  compile: () => WasmModule,
  { env }: ReturnType<typeof environment>,
): WasmInstance {
  try {
    const module = compile();
    const missing = wasm.Module.imports(module).filter((need) => need.module !== "env" || !(need.name in env));
    if (missing.length > 0) {
      throw new DesignError(
        `kernels of tile ${tileName(tile)}: symbols that are not defined: ${missing.map((need) => need.name).join(", ")}`,
        { hint: "a core has no C library: define the function in the kernel, or do without it" },
      );
    }
    return new wasm.Instance(module, { env });
  } catch (cause) {
    if (cause instanceof DesignError) throw cause;
    if (cause instanceof wasm.RuntimeError) {
      throw new BudgetError(
        `kernels of tile ${tileName(tile)}: statics do not fit behind stack and buffers: ${cause.message}`,
        {
          cause,
        },
      );
    }
    throw notRunnable(tile, cause);
  }
}

function stackOf(tile: TileCoord, bytes: Uint8Array, needs: StackNeeds) {
  try {
    return { room: stackRoom(bytes, needs), fits: fitsStack(bytes) };
  } catch (cause) {
    throw notRunnable(tile, cause);
  }
}

function notRunnable(tile: TileCoord, cause: unknown): DesignError {
  const what = `not a module that a core can run: ${(cause as Error).message}`;
  return new DesignError(`kernels of tile ${tileName(tile)}: ${what}`, { cause });
}

function takeOps(count: KernelFunction, shuffles: KernelFunction | undefined): KernelOps {
  const of = (kind: number): number => Number(count(kind)) >>> 0;
  return kernelOps(of, shuffles && Number(shuffles()) >>> 0);
}

function countedJust(counted: KernelFunction, ops: KernelOps): boolean {
  const { loadBytes, storeBytes, macIssues, vectorIssues, scalarCycles, shuffleIssues = 0 } = ops;
  return counted(loadBytes, storeBytes, macIssues, vectorIssues, scalarCycles, shuffleIssues) === 1;
}
