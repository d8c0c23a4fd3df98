import fc from "fast-check";
import { expect, test } from "vitest";
import { AiekitError, FormatError } from "./errors.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { tensor } from "./tensor.ts";

// numpy.save of numpy.array([[1, -2, 3], [4, 5, -6]], dtype="<i2"), written down by hand from the format's description.
function byHand(): Uint8Array {
  const text = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }";
  const header = `${text.padEnd(117)}\n`;
  const data = [1, 0, 0xfe, 0xff, 3, 0, 4, 0, 5, 0, 0xfa, 0xff];
  return Uint8Array.from([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    118,
    0,
    ...new TextEncoder().encode(header),
    ...data,
  ]);
}

test("reads what numpy writes, and writes the same bytes", () => {
  const array = readNpy(byHand());

  expect(array.dtype).toBe("i16");
  expect(array.shape).toEqual([2, 3]);
  expect([...array.data]).toEqual([1, -2, 3, 4, 5, -6]);
  expect(writeNpy(array)).toEqual(byHand());
});

test("scalars and one-dimensional arrays keep their shape", () => {
  expect(readNpy(writeNpy(tensor("f64", [], Float64Array.of(2.5)))).shape).toEqual([]);
  expect(readNpy(writeNpy(tensor("i64", [2], BigInt64Array.of(-1n, 7n)))).data).toEqual(BigInt64Array.of(-1n, 7n));
});

test("big-endian, Fortran order and foreign bytes are refused by name", () => {
  const edit = (from: string, to: string) => {
    const text = Buffer.from(byHand()).toString("latin1").replace(from, to);
    return Uint8Array.from(Buffer.from(text, "latin1"));
  };

  expect(() => readNpy(edit("<i2", ">i2"), "a.npy")).toThrow(/a\.npy: element type >i2 is not supported/);
  expect(() => readNpy(edit("False", "True "), "a.npy")).toThrow(/Fortran order/);
  expect(() => readNpy(new TextEncoder().encode("RIFF....WAVEfmt "), "a.npy")).toThrow(/expected a .npy file/);
  expect(() => readNpy(byHand().subarray(0, 132), "a.npy")).toThrow(/needs 12 bytes, got 4/);
});

test("damaged files throw nothing but our own errors", () => {
  fc.assert(
    fc.property(fc.nat(139), fc.nat(255), fc.nat(140), (at, value, length) => {
      const bytes = byHand();
      bytes[at] = value;
      try {
        readNpy(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(AiekitError);
        if (length < 10) expect(error).toBeInstanceOf(FormatError);
      }
    }),
    { seed: 3, numRuns: 3000 },
  );
});
