import { join } from "node:path";
import {
  type ArgSpec,
  describeShape,
  padded,
  type SequenceSpec,
  ShapeError,
  type Tensor,
  tensorBytes,
} from "@aiekit/core";
import { sha256 } from "../cache/sha256.ts";
import { openStepCache } from "../cache/step-cache.ts";

export interface PackedWeightsRequest {
  /** Where results are kept: a project's `cache` folder. */
  readonly cacheRoot: string;
  /** The sequence that will read them: says the layout of each argument's buffer. */
  readonly sequence: Pick<SequenceSpec, "name" | "args">;
  /** Weights as they were loaded, by name. */
  readonly sources: Readonly<Record<string, Tensor>>;
  /** Everything else that the arrays follow from, as text: scheme, scales of activations. */
  readonly scheme: string;
  /** Makes the arrays of some of the sequence's arguments; only called where the cache does not have them. */
  readonly make: () => Readonly<Record<string, Tensor>>;
}

/** Changes with what is done here, so that no older result is taken for a newer one. */
const formatVersion = "1";

/**
 * The buffers that a sequence streams weights from, by argument: the arrays of `make` filled up with zeros to the shape of
 * the device's buffer. Made once for the same sources, scheme and layout, and kept by content hash.
 * @throws ShapeError when `make` gives an array that is not the argument's; what `make` throws goes through.
 */
export async function packedWeights(request: PackedWeightsRequest): Promise<ReadonlyMap<string, Uint8Array>> {
  const cache = openStepCache(join(request.cacheRoot, "weights"));
  const key = keyOf(request);
  const known = await cache.load(key);
  if (known !== undefined) return known;
  const packed = new Map(
    Object.entries(request.make()).map(([name, array]) => [name, packArray(request.sequence, name, array)] as const),
  );
  await cache.save(key, packed);
  return packed;
}

function packArray(
  { name: sequence, args }: PackedWeightsRequest["sequence"],
  name: string,
  array: Tensor,
): Uint8Array {
  const arg = args.find((one) => one.name === name);
  if (arg === undefined || arg.direction === "out") {
    const inputs = args.filter(({ direction }) => direction !== "out").map((one) => one.name);
    throw new ShapeError(`${sequence}: ${name} is no input: expected one of ${inputs.join(", ")}`);
  }
  const [expected, got] = [arg, array].map(({ dtype, shape }) => describeShape(dtype, shape));
  if (expected !== got) throw new ShapeError(`${sequence}: ${name}: expected ${expected}, got ${got}`);
  return padded(tensorBytes(array), arg);
}

function keyOf({ sequence, sources, scheme }: PackedWeightsRequest): string {
  const layoutOf = ({ name, dtype, shape, padded: buffer, margin }: ArgSpec) => ({
    name,
    dtype,
    shape,
    buffer: buffer ?? shape,
    margin,
  });
  const content = Object.entries(sources)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { dtype, shape, ...array }]) => ({
      name,
      dtype,
      shape,
      sha256: sha256(tensorBytes({ dtype, shape, ...array })),
    }));
  return sha256(JSON.stringify({ formatVersion, layouts: sequence.args.map(layoutOf), scheme, content }));
}
