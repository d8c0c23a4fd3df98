import { DesignError } from "@aiekit/core";
import { Block, Operation, type Region, type Value, walk } from "../../ir/operation.ts";
import { cloneOperation } from "../clone.ts";
import { type Device, deviceOf, opsNamed, symbolOp } from "../device-ops.ts";
import { withLocation } from "../location.ts";
import { Emitter, type HostMemory } from "./emitter.ts";
import { hostMemory } from "./host-memory.ts";
import { lowerMemcpy, lowerWait } from "./memcpy.ts";
import { lowerPushQueue, lowerRegisterWrite, lowerRtpWrite, lowerSetLock, lowerWriteBd } from "./register-ops.ts";
import { type TakenBds, Tasks } from "./tasks.ts";

/**
 * Lowers one runtime sequence of a lowered module to register operations (`aiex.npu.write32`, `maskwrite32`,
 * `blockwrite`, `address_patch`, `sync`, ...). Returns the sequence inside a new module whose device holds the constants
 * it writes; the module that is given is not changed. `device` chooses where several devices have such a sequence.
 * Source: AIEDmaToNpu, AIEDMATasksToNPU and the passes before them; measured.
 * @throws DesignError for unknown names and for what the registers cannot hold.
 */
export function lowerSequence(lowered: Operation, sequenceName: string, device?: string): Operation {
  const module = cloneOperation(lowered);
  const devices = devicesOf(module).filter((d) => device === undefined || deviceName(d) === device);
  for (const candidate of devices) {
    const sequence = sequenceNamed(candidate, sequenceName);
    if (sequence === undefined) continue;
    const block = sequence.regions[0]?.entry;
    if (block === undefined) throw new DesignError(`sequence @${sequenceName}: expected a body`);
    refuseOtherSymbols(candidate, sequence);
    const ops = [...block.ops];
    block.ops.length = 0;
    const emitter = new Emitter(candidate, block);
    const tasks = new Tasks(emitter, bdsTakenBefore(lowered, candidate, sequence));
    lowerOps(ops, { module, emitter, args: hostArguments(block), values: new Map(), tasks, running: [sequence] });
    return sequence;
  }
  const known = devices.flatMap((d) => opsNamed(d, "aie.runtime_sequence").map(nameOf));
  throw new DesignError(`there is no runtime sequence @${sequenceName}`, {
    hint: `sequences: ${known.join(", ") || "none"}`,
  });
}

function hostArguments(block: Block): Map<Value, HostMemory> {
  return new Map(block.args.map((arg, argIndex) => [arg, { argIndex, offsetBytes: 0 }] as const));
}

/**
 * BDs that tasks of the device's earlier sequences hold: the compiler gives out numbers for all sequences of a device in
 * one go, as if they ran one behind the other. Source: AIEAssignRuntimeSequenceBDIDs.
 */
function bdsTakenBefore(lowered: Operation, device: Device, sequence: Operation): TakenBds {
  const taken: TakenBds = new Map();
  const sequences = opsNamed(device, "aie.runtime_sequence");
  const position = sequences.indexOf(sequence);
  if (!sequences.slice(0, position).some(mayHoldBds)) return taken;
  const module = cloneOperation(lowered);
  const copy = devicesOf(module).find((d) => deviceName(d) === deviceName(device));
  if (copy === undefined) return taken;
  for (const earlier of opsNamed(copy, "aie.runtime_sequence").slice(0, position)) {
    const block = earlier.regions[0]?.entry;
    if (block === undefined) continue;
    const emitter = new Emitter(copy, new Block());
    const tasks = new Tasks(emitter, taken);
    const state = { module, emitter, args: hostArguments(block), values: new Map(), tasks, running: [earlier] };
    lowerOps([...block.ops], state);
  }
  return taken;
}

/**
 * Symbols that a sequence may name. The compiler's list lacks `aie.bd_chain`, which makes the operations that start chains
 * useless there; here they work. Source: AIEDialect.cpp, RuntimeSequenceOp::verifyBeforeMaterialization.
 */
const nameable = new Set([
  "aie.shim_dma_allocation",
  "aie.device",
  "aie.runtime_sequence",
  "aie.buffer",
  "memref.global",
  "aie.bd_chain",
]);

function refuseOtherSymbols(device: Device, sequence: Operation): void {
  walk(sequence, (op) => {
    for (const attr of op.attributes.values()) {
      const name = attr.kind === "symbol" ? attr.path[0] : undefined;
      const target = name === undefined ? undefined : symbolOp(device, name);
      if (target === undefined || nameable.has(target.name)) continue;
      withLocation(op, () => {
        throw new DesignError(
          `${op.name}: references symbol '${name}' which must be either a ShimDMAAllocationOp, DeviceOp, RuntimeSequenceOp, BufferOp or GlobalOp, but got: ${target.name}`,
        );
      });
    }
  });
}

function mayHoldBds(sequence: Operation): boolean {
  let found = false;
  walk(sequence, (op) => {
    found ||= op.name.startsWith("aiex.dma_") || op.name === "aiex.run";
  });
  return found;
}

interface SequenceState {
  readonly module: Operation;
  readonly emitter: Emitter;
  /** Host memory of each block argument in sight. */
  readonly args: ReadonlyMap<Value, HostMemory>;
  /** Values that were copied into the lowered sequence. */
  readonly values: Map<Value, Value>;
  readonly tasks: Tasks;
  /** Sequences that are being lowered, the outermost first. */
  readonly running: readonly Operation[];
}

function lowerOps(ops: readonly Operation[], state: SequenceState): void {
  for (const op of ops) lowerOp(op, state);
}

function lowerOp(op: Operation, state: SequenceState): void {
  const { emitter, values, tasks } = state;
  const memoryOf = (value: Value) => hostMemory(value, state.args);
  const lowerings: Readonly<Record<string, () => void>> = {
    "aiex.npu.dma_memcpy_nd": () => lowerMemcpy(op, emitter, memoryOf),
    "aiex.npu.dma_wait": () => lowerWait(op, emitter),
    "aiex.npu.write32": () => lowerRegisterWrite(op, emitter, values),
    "aiex.npu.maskwrite32": () => lowerRegisterWrite(op, emitter, values),
    "aiex.npu.blockwrite": () => lowerRegisterWrite(op, emitter, values),
    "aiex.npu.rtp_write": () => lowerRtpWrite(op, emitter),
    "aiex.npu.push_queue": () => lowerPushQueue(op, emitter),
    "aiex.npu.writebd": () => lowerWriteBd(op, emitter),
    "aiex.set_lock": () => lowerSetLock(op, emitter),
    "aiex.dma_configure_task": () => tasks.configure(op, memoryOf),
    "aiex.dma_configure_task_for": () => tasks.configure(op, memoryOf),
    "aiex.dma_start_bd_chain": () => tasks.startChain(op, memoryOf),
    "aiex.dma_start_bd_chain_for": () => tasks.startChain(op, memoryOf),
    "aiex.dma_start_task": () => tasks.start(op),
    "aiex.dma_await_task": () => tasks.await(op),
    "aiex.dma_free_task": () => tasks.free(op),
    "aiex.configure": () => lowerConfigure(op, state),
  };
  const lower = lowerings[op.name];
  if (lower) withLocation(op, lower);
  else if (op.name === "aiex.npu.load_pdi") loadConfiguration(op, emitter);
  else if (isLowered.has(op.name)) emitter.append(cloneOperation(op, values));
  // All else leaves nothing in the stream: names of values, and operations that `warnOfDevice` speaks of.
}

/** Operations that the instruction stream has as they are. */
const isLowered = new Set(["aiex.npu.sync", "aiex.npu.address_patch", "aiex.npu.preempt", "memref.get_global"]);

/** `configure @device { run @sequence(...) }`: loads the other device's configuration, then runs its sequences in place. */
function lowerConfigure(op: Operation, state: SequenceState): void {
  const name = op.attributes.get("symbol");
  const device = devicesOf(state.module).find((d) => deviceName(d) === op.text("symbol"));
  if (device === undefined || name === undefined) {
    throw new DesignError(`aiex.configure: there is no device @${op.text("symbol")}`);
  }
  loadConfiguration(
    new Operation("aiex.npu.load_pdi", { attributes: { device_ref: name }, loc: op.loc }),
    state.emitter,
  );
  for (const run of op.regions.flatMap((r: Region) => r.blocks.flatMap((b) => b.ops))) {
    if (run.name !== "aiex.run") continue;
    const callee = sequenceNamed(device, run.text("runtime_sequence_symbol") ?? "");
    const body = callee?.regions[0]?.entry;
    if (callee === undefined || body === undefined) {
      throw new DesignError(
        `aiex.run: device @${op.text("symbol")} has no sequence @${run.text("runtime_sequence_symbol")}`,
      );
    }
    if (run.operands.length !== body.args.length) {
      throw new DesignError(`aiex.run: expected ${body.args.length} arguments, got ${run.operands.length}`);
    }
    refuseForeignValues(callee, run);
    const args = new Map<Value, HostMemory>();
    for (const [i, arg] of body.args.entries()) {
      const operand = run.operands[i];
      const memory = operand && hostMemory(operand, state.args);
      // What is no host memory is refused where the other sequence uses it as such.
      if (memory !== undefined) args.set(arg, memory);
    }
    if (state.running.includes(callee)) {
      const names = [...state.running, callee].map((sequence) => `@${nameOf(sequence)}`);
      throw new DesignError(
        `aiex.run: Runtime sequence call graph contains a cycle: they run each other without end: ${names.join(" -> ")}`,
      );
    }
    const emitter = state.emitter.inDevice(device);
    const running = [...state.running, callee];
    lowerOps(body.ops, { ...state, running, emitter, args, tasks: state.tasks.inDevice(emitter) });
  }
}

/** A sequence that runs in another device's sequence brings tiles and locks of its device along, and no more. */
function refuseForeignValues(callee: Operation, run: Operation): void {
  walk(callee, (op) => {
    const other = op.operands
      .map((operand) => operand.definingOp)
      .find((from) => from?.parentOp?.name === "aie.device" && !["aie.tile", "aie.lock"].includes(from.name));
    if (other === undefined) return;
    withLocation(run, () => {
      throw new DesignError(
        `aiex.run: Referenced SSA value defined by unsupported operation type: ${other.name}. Currently only aie.tile and aie.lock operations are supported.`,
      );
    });
  });
}

/** A configuration that was loaded just before is not loaded again. */
function loadConfiguration(load: Operation, emitter: Emitter): void {
  const last = emitter.last();
  const isLoaded = last?.name === load.name && load.text("device_ref") !== undefined;
  if (isLoaded && last.text("device_ref") === load.text("device_ref")) return;
  emitter.append(cloneOperation(load));
}

function devicesOf(module: Operation): Device[] {
  return module.regions.flatMap((r) =>
    r.blocks.flatMap((b) => b.ops.filter((o) => o.name === "aie.device").map(deviceOf)),
  );
}

function sequenceNamed(device: Device, name: string): Operation | undefined {
  return opsNamed(device, "aie.runtime_sequence").find((op) => nameOf(op) === name);
}

/** A sequence without a name is called `sequence`. Source: AIEOps.td RuntimeSequenceOp. */
function nameOf(sequence: Operation): string {
  return sequence.text("sym_name") ?? "sequence";
}

/** A device without a name is called `main`. Source: AIEOps.td DeviceOp. */
function deviceName(device: Device): string {
  return device.op.text("sym_name") ?? "main";
}
