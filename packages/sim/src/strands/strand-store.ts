import { type Move, moveModule, movesIn, type Unit } from "../shuffle-engine.ts";
import { type WasmMemory, type WasmModule, wasm } from "../webassembly.ts";
import type { StrandPlan } from "./strand-plan.ts";

const wordsOfPage = 16_384;

/** Where the words of a launch lie that several strands and threads use. */
export class StrandStore {
  readonly memory: WasmMemory;
  readonly module: WasmModule;
  readonly words: Uint32Array;
  readonly move: Readonly<Record<Unit, Move>>;

  constructor({ storeWords, constants }: StrandPlan, isShared: boolean) {
    const pages = Math.ceil(storeWords / wordsOfPage);
    this.memory = new wasm.Memory({ initial: pages, maximum: pages, shared: isShared });
    this.module = moveModule(pages, isShared);
    this.move = movesIn(new wasm.Instance(this.module, { env: { memory: this.memory } }).exports);
    this.words = new Uint32Array(this.memory.buffer);
    for (const { at, values } of constants) this.words.set(values, at);
  }
}
