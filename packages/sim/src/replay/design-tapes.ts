import type { TxnOp } from "@aiekit/xclbin";
import type { ArrayConfig } from "../array-config.ts";
import type { RecordedTape } from "./recorded-tape.ts";

/** What is known of the launches of one stream. */
interface StreamTapes {
  launches: number;
  /** Recordings that came to nothing. */
  failures: number;
  readonly tapes: RecordedTape[];
}

/**
 * The tapes of a design. Contexts come and go, six at a time, and each has an array of its own: what launches of an array do
 * follows from the state in which they begin, whichever array of the design it is.
 */
export class DesignTapes {
  readonly #streams = new WeakMap<readonly TxnOp[], StreamTapes>();
  /** Of all its tapes. */
  steps = 0;

  ofStream(ops: readonly TxnOp[]): StreamTapes {
    const known = this.#streams.get(ops) ?? { launches: 0, failures: 0, tapes: [] };
    this.#streams.set(ops, known);
    return known;
  }
}

interface OfModules {
  readonly modules: ReadonlyMap<string, Uint8Array>;
  readonly threaded: boolean;
  readonly tapes: DesignTapes;
}

/** With the few sets of modules that arrays of the design have been made with. */
const known = new WeakMap<ArrayConfig, OfModules[]>();
const mostSets = 4;

/** The tapes of arrays of this design with these kernels. `threaded`: other threads may run them. */
export function designTapes(
  config: ArrayConfig,
  modules: ReadonlyMap<string, Uint8Array>,
  threaded: boolean,
): DesignTapes {
  const sets = known.get(config) ?? [];
  known.set(config, sets);
  const found = sets.find((one) => one.threaded === threaded && areSame(one.modules, modules));
  if (found !== undefined) return found.tapes;
  const made = { modules: new Map(modules), threaded, tapes: new DesignTapes() };
  sets.unshift(made);
  sets.length = Math.min(sets.length, mostSets);
  return made.tapes;
}

function areSame(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  return a.size === b.size && [...a].every(([place, module]) => b.get(place) === module);
}
