import { UsageError } from "@aiekit/core";
import { type DeviceModel, memtileReaches, type TileCoord } from "@aiekit/mlir";
import type { TxnOp } from "@aiekit/xclbin";
import { type Bd, type BdMemory, extentWords } from "./bd.ts";
import { type BdFields, decodeBd } from "./bd-registers.ts";
import type { CostModel } from "./cost-model.ts";
import type { DmaChannel } from "./dma-channel.ts";
import { SimFault, tileName } from "./fault.ts";
import type { MovableMemory } from "./host-buffer.ts";
import type { Lock } from "./lock.ts";
import { decodeRegister, type Register } from "./registers.ts";
import type { Agent, Scheduler } from "./scheduler.ts";
import type { Tile } from "./tile.ts";
import { type SyncOp, Tokens } from "./tokens.ts";
import type { TraceUnits } from "./trace-units/trace-units.ts";

/** A host buffer of one run, as the shim DMA sees it. */
export interface HostBuffer {
  readonly words: Uint32Array;
  readonly bytes: number;
  /** Undefined for memory that stays where it is. */
  readonly memory?: MovableMemory | undefined;
}

interface ControllerParts {
  readonly device: DeviceModel;
  readonly clock: Scheduler;
  readonly cost: CostModel;
  readonly tile: (coord: TileCoord) => Tile;
  readonly traces: TraceUnits;
}

/** Raw words of a BD that the stream writes, and the host argument that an address patch gave it. */
interface BdWrite {
  readonly words: Uint32Array;
  host: BdMemory | undefined;
  hostOffsetWords: number;
}

/**
 * Executes an instruction stream in order, one record after the other, as the NPU's controller does. Only `sync` waits:
 * it consumes one token for every channel that it names, and tokens are counted, so that one may come before its wait.
 */
export class Controller implements Agent {
  /** The record that is executed next. */
  position = 0;
  /** The sync that waits. */
  waiting: SyncOp | undefined;
  executed = 0;
  doing = "instructions";
  readonly warnings = new Set<string>();
  readonly tokens = new Tokens();
  readonly #parts: ControllerParts;
  readonly #bdWrites = new Map<string, BdWrite>();
  /** BDs of which this run has written every word. */
  readonly #whole = new Set<BdWrite>();
  #ops: readonly TxnOp[] = [];
  #host: readonly HostBuffer[] = [];

  constructor(parts: ControllerParts) {
    this.#parts = parts;
  }

  get done(): boolean {
    return this.position >= this.#ops.length && this.waiting === undefined;
  }

  start(ops: readonly TxnOp[], host: readonly HostBuffer[]): void {
    this.#ops = ops;
    this.#host = host;
    this.position = 0;
    this.waiting = undefined;
    this.executed = 0;
    this.warnings.clear();
    this.#whole.clear();
    if (ops.length > 0) this.#parts.clock.at(this.#parts.clock.now, this);
  }

  /** A task that asked for it has ended. */
  token(channel: DmaChannel): void {
    this.tokens.add(channel);
    if (this.waiting && this.tokens.take(this.waiting)) {
      this.waiting = undefined;
      this.doing = "tokens";
      this.#parts.clock.at(this.#parts.clock.now + this.#parts.cost.tokenCycles, this);
    }
  }

  fire(): void {
    const op = this.#ops[this.position];
    if (op === undefined) return;
    this.position++;
    this.executed++;
    this.doing = "instructions";
    this.#parts.clock.progressed();
    if (op.op === "sync" && !this.tokens.take(op)) {
      this.waiting = op;
      return;
    }
    if (op.op !== "sync") this.#execute(op);
    if (this.position < this.#ops.length) {
      this.#parts.clock.at(this.#parts.clock.now + this.#parts.cost.instructionCycles, this);
    }
  }

  /** Records that the stream has executed, and those that are left behind the one that waits. */
  get records(): { readonly done: readonly TxnOp[]; readonly left: readonly TxnOp[] } {
    const done = this.position - (this.waiting ? 1 : 0);
    return { done: this.#ops.slice(0, done), left: this.#ops.slice(this.position) };
  }

  #execute(op: Exclude<TxnOp, SyncOp>): void {
    switch (op.op) {
      case "write32":
        this.#write(op.address, op.value);
        break;
      case "blockwrite":
        this.#blockWrite(op);
        break;
      case "maskwrite32":
        this.#maskWrite(op);
        break;
      case "addressPatch":
        this.#patch(op);
        break;
      case "noop":
      case "preempt":
        break;
      case "loadPdi":
        throw this.#unmodelled(
          `instruction ${this.position - 1} (load PDI ${op.id}), which configures the array anew in the middle of a run,`,
          "make a context for each device of the design, and run the sequence of that device in it",
        );
      default:
        throw this.#unmodelled(`instruction ${this.position - 1} (${op.op})`);
    }
  }

  #register(address: number): Register {
    const register = decodeRegister(this.#parts.device, address);
    if (register) return register;
    throw this.#unmodelled(`address 0x${address.toString(16)}: no tile of ${this.#parts.device.name}`);
  }

  #write(address: number, value: number): void {
    const register = this.#register(address);
    const tile = this.#parts.tile(register.tile);
    switch (register.kind) {
      case "memory":
        tile.memory.user?.settle();
        if (!this.#parts.clock.hook?.writes(tile.memory.words, register.wordIndex, value)) {
          tile.memory.words[register.wordIndex] = value;
        }
        tile.memory.shadow?.define(register.wordIndex * 4, 4);
        break;
      case "lock":
        tile.locks[register.id]!.set(value, "instruction stream");
        break;
      case "bd":
        this.#writeBd(tile, register, [value]);
        break;
      case "queue":
        this.#push(tile, register, value);
        break;
      case "control":
        break;
      default:
        if (!this.#parts.traces.write(register.tile, register.offset, value)) this.#warnUnmodelled(register);
    }
  }

  /** Most blocks are the registers of one BD, which is then looked at once and not for each word. */
  #blockWrite({ address, words }: TxnOp & { readonly op: "blockwrite" }): void {
    const register = words.length > 0 && this.#register(address);
    if (register && register.kind === "bd") {
      const tile = this.#parts.tile(register.tile);
      if (register.word + words.length <= tile.model.dma.bdWords) {
        this.#writeBd(tile, register, words);
        return;
      }
    }
    words.forEach((word, i) => {
      this.#write(address + 4 * i, word);
    });
  }

  #maskWrite(op: TxnOp & { readonly op: "maskwrite32" }): void {
    const register = this.#register(op.address);
    const tile = this.#parts.tile(register.tile);
    const merge = (old: number): number => ((old & ~op.mask) | (op.value & op.mask)) >>> 0;
    if (register.kind === "memory") {
      tile.memory.user?.settle();
      this.#parts.clock.hook?.strays();
      this.#write(op.address, merge(tile.memory.words[register.wordIndex]!));
    } else if (register.kind === "bd") {
      this.#writeBd(tile, register, [merge(this.#bdWrite(tile, register.id).words[register.word]!)]);
    } else if (register.kind === "lock") this.#write(op.address, merge(tile.locks[register.id]!.value));
    else if (register.kind === "unmodelled") this.#write(op.address, merge(this.#eventWord(register)));
    else if (register.kind === "queue") throw this.#unmodelled("a masked write to a task queue");
  }

  #bdWrite(tile: Tile, id: number): BdWrite {
    const key = `${tile.coord.col},${tile.coord.row},${id}`;
    const known = this.#bdWrites.get(key);
    if (known) return known;
    const made = { words: new Uint32Array(8), host: undefined, hostOffsetWords: 0 };
    this.#bdWrites.set(key, made);
    return made;
  }

  /** Writes registers of a BD, from the one given on. */
  #writeBd(tile: Tile, register: Register & { readonly kind: "bd" }, values: readonly number[]): void {
    const { id, word } = register;
    this.#refuseBusyBd(tile, id);
    const write = this.#bdWrite(tile, id);
    write.words.set(values, word);
    if (values.length >= tile.model.dma.bdWords) this.#whole.add(write);
    if (tile.model.kind === "shim" && word <= 2 && word + values.length > 1) write.host = undefined;
    this.#updateBd(tile, id);
  }

  /** @throws SimFault: hardware would go on with a mixture of old and new. */
  #refuseBusyBd(tile: Tile, id: number): void {
    const isUsedBy = (channel: DmaChannel): boolean =>
      channel.task !== undefined && channel.tasks.some((task) => tile.bds.chain(task.bdId).has(id));
    // A trace's buffer is larger than what comes, so that its BD does not end; a channel goes on with the BD as it was.
    const user = tile.channels.find((channel) => isUsedBy(channel) && !this.#parts.traces.takes(channel));
    if (!user) return;
    throw new SimFault(
      `instruction stream: BD ${id} of tile ${tileName(tile.coord)} is written again while ${user.agentName} still has a task that uses it`,
      { kind: "bd-in-use", cycle: this.#parts.clock.now, tile: tile.coord },
      { hint: "await the transfer before its id is used again, or use another of the 16 ids" },
    );
  }

  #updateBd(tile: Tile, id: number): void {
    const write = this.#bdWrite(tile, id);
    tile.bds.write(id, () => {
      const fields = decodeBd(tile.model.kind, write.words);
      if (!fields.valid) return undefined;
      return { bd: this.#makeBd(tile, id, { fields, write }), iterationCurrent: fields.iteration.current };
    });
  }

  #makeBd(tile: Tile, id: number, { fields, write }: { fields: BdFields; write: BdWrite }): Bd {
    const { memory, baseWords } = this.#bdMemory(tile, fields, write);
    const { lengthWords, dims, acquire, release, nextBd, packet, iteration } = fields;
    const about = memory.kind === "host" && memory.argIndex >= 0 ? ` (host argument ${memory.argIndex})` : "";
    const pattern = { baseWords, lengthWords, dims };
    this.#checkBd(tile, { id, pattern, memory, iteration });
    return {
      id,
      name: `BD ${id}${about}`,
      memory,
      pattern,
      iteration,
      acquire: acquire && { lock: this.#lockOfBd(tile, acquire.id), equal: acquire.equal, amount: acquire.amount },
      release: release && { lock: this.#lockOfBd(tile, release.id), amount: release.amount },
      nextBd,
      packet,
    };
  }

  /** Host memory is checked when the BD runs. */
  #checkBd(tile: Tile, bd: Pick<Bd, "id" | "pattern" | "memory" | "iteration">): void {
    const cycle = this.#parts.clock.now;
    const { coord } = tile;
    const about = `instruction stream: BD ${bd.id} of tile ${tileName(coord)}`;
    if (bd.pattern.lengthWords === 0) {
      throw new SimFault(
        `${about}: its length is 0`,
        { kind: "bd-invalid", cycle, tile: coord, bd: `BD ${bd.id}` },
        {
          hint: "write its length, in 32-bit words, before it is pushed; the field of a memtile has 17 bits, of a core 14",
        },
      );
    }
    if (bd.memory.kind === "host") return;
    const { last } = extentWords(bd.pattern, (bd.iteration.size - 1) * bd.iteration.strideWords);
    if (last < bd.memory.words.length) return;
    throw new SimFault(
      `${about}: reaches byte ${last * 4 + 3}, the tile has ${bd.memory.words.length * 4} bytes of data memory`,
      { kind: "memory-bounds", cycle, tile: coord, bd: `BD ${bd.id}`, address: last * 4 },
      { hint: "compare offset, length, sizes, strides and iterations of the BD with the buffer it is for" },
    );
  }

  #bdMemory(tile: Tile, fields: BdFields, write: BdWrite): { memory: BdMemory; baseWords: number } {
    if (tile.model.kind === "shim") {
      // Until its address is patched the BD leads nowhere: zero bytes, so that every access is out of bounds.
      const memory = write.host ?? { kind: "host", words: new Uint32Array(0), bytes: 0, argIndex: -1 };
      return { memory, baseWords: write.hostOffsetWords };
    }
    const tileWords = tile.model.dataBytes / 4;
    const window = tile.model.kind === "memtile" ? Math.floor(fields.baseWords / tileWords) : 0;
    // A memtile's DMA sees west, own, east behind each other; instruction streams of npu1 give own addresses from 0.
    const holder = window === 2 ? this.#neighbour(tile, 1) : tile;
    const { words, shadow } = holder.memory;
    const name = tileName(holder.coord);
    const memory: BdMemory = { kind: "fixed", words, name, shadow, tile: holder.memory };
    return { memory, baseWords: fields.baseWords % tileWords };
  }

  /** A memtile's BDs name locks of west from 0, own from 64, east from 128. */
  #lockOfBd(tile: Tile, id: number): Lock {
    if (tile.model.kind !== "memtile") return tile.locks[id]!;
    const { locks } = tile.model;
    const side = Math.floor(id / locks) - 1;
    return (side === 0 ? tile : this.#neighbour(tile, side)).locks[id % locks]!;
  }

  #neighbour(tile: Tile, side: number): Tile {
    const coord = { col: tile.coord.col + side, row: tile.coord.row };
    if (memtileReaches(this.#parts.device, tile.coord, coord)) return this.#parts.tile(coord);
    throw this.#unmodelled(`BD of tile ${tileName(tile.coord)} names memory or a lock of tile ${tileName(coord)}`);
  }

  #patch(op: TxnOp & { readonly op: "addressPatch" }): void {
    const register = this.#register(op.address);
    if (register.kind !== "bd" || register.tile.row !== 0 || register.word !== 1) {
      throw this.#unmodelled(`address patch of 0x${op.address.toString(16)}, which is not the address of a shim BD`);
    }
    const host = this.#host[op.argIndex];
    if (!host) {
      throw new UsageError(
        `instruction stream: uses host argument ${op.argIndex}, the run has ${this.#host.length} buffers`,
        { hint: "pass one buffer for each argument of the runtime sequence" },
      );
    }
    if (op.argPlus % 4 !== 0) {
      throw new SimFault(
        `instruction stream: offset ${op.argPlus} into host argument ${op.argIndex}: expected a multiple of 4 bytes`,
        { kind: "bd-invalid", cycle: this.#parts.clock.now, tile: register.tile },
        {
          hint: "begin at a whole word: pad the host's buffer, or let elements of 8 or 16 bits begin at a multiple of 4 or 2",
        },
      );
    }
    const tile = this.#parts.tile(register.tile);
    this.#refuseBusyBd(tile, register.id);
    const write = this.#bdWrite(tile, register.id);
    write.host = { kind: "host", words: host.words, bytes: host.bytes, argIndex: op.argIndex };
    write.hostOffsetWords = (op.argPlus % 2 ** 31) / 4;
    this.#updateBd(tile, register.id);
  }

  #push(tile: Tile, register: Register & { readonly kind: "queue" }, value: number): void {
    const channel = tile.channels.find((c) => c.direction === register.direction && c.channel === register.channel)!;
    const bdId = value & (tile.model.kind === "memtile" ? 0x3f : 0xf);
    const { queueDepth } = tile.model.dma;
    if (channel.tasks.length >= queueDepth && this.#parts.traces.takes(channel)) {
      this.warnings.add(
        `${channel.agentName} holds ${queueDepth} BDs for trace packets that are not full: hardware drops BD ${bdId} silently, and packets go behind those of earlier launches`,
      );
      return;
    }
    const { hook } = this.#parts.clock;
    if (hook && [...tile.bds.chain(bdId)].some((id) => !this.#isNew(tile, id))) hook.strays();
    channel.push({ bdId, executions: ((value >>> 16) & 0xff) + 1, token: value >>> 31 === 1 });
  }

  /** False for a BD in which words of an earlier run may be left. */
  #isNew(tile: Tile, id: number): boolean {
    return !tile.bds.isWritten(id) || this.#whole.has(this.#bdWrite(tile, id));
  }

  #eventWord({ tile, offset }: Register & { readonly kind: "unmodelled" }): number {
    return this.#parts.traces.register(tile, offset) ?? 0;
  }

  #warnUnmodelled({ tile, offset }: Register & { readonly kind: "unmodelled" }): void {
    this.warnings.add(
      `instruction stream writes register 0x${offset.toString(16)} of tile ${tileName(tile)}, which is not simulated`,
    );
  }

  #unmodelled(what: string, hint = "the simulator knows data memory, locks, BDs and task queues"): SimFault {
    return new SimFault(
      `instruction stream: ${what} is not simulated`,
      { kind: "register-unmodelled", cycle: this.#parts.clock.now },
      { hint },
    );
  }
}
