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

function edited(from: string, to: string): Uint8Array {
  const text = Buffer.from(byHand()).toString("latin1").replace(from, to);
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

test("big-endian elements are turned round", () => {
  expect([...readNpy(edited("<i2", ">i2")).data]).toEqual([0x0100, -0x0101, 0x0300, 0x0400, 0x0500, -0x0501]);
});

test("an array in Fortran order is read by its indices: [[1, 3, 5], [-2, 4, -6]] as stored", () => {
  const array = readNpy(edited("False", "True "));

  expect(array.shape).toEqual([2, 3]);
  expect([...array.data]).toEqual([1, 3, 5, -2, 4, -6]);
});

test("Fortran order of three axes: element [i, j, k] is where its first index runs fastest", () => {
  const shape = [2, 3, 4] as const;
  const stored = Array.from({ length: 24 }, (_, at) => at);
  const text = `{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }`.padEnd(117);
  const bytes = Uint8Array.from([...byHand().subarray(0, 10), ...new TextEncoder().encode(`${text}\n`), ...stored]);

  const { data } = readNpy(bytes);

  for (let i = 0; i < shape[0]; i++)
    for (let j = 0; j < shape[1]; j++)
      for (let k = 0; k < shape[2]; k++) expect(data[(i * 3 + j) * 4 + k]).toBe(i + 2 * j + 6 * k);
});

test("version 2.0, whose header length has four bytes, is read", () => {
  const one = byHand();
  const two = Uint8Array.from([...one.subarray(0, 6), 2, 0, 118, 0, 0, 0, ...one.subarray(10)]);

  expect(readNpy(two)).toEqual(readNpy(one));
});

test.each<[string, Uint8Array, RegExp, RegExp]>([
  ["complex numbers", edited("<i2", "<c8"), /a\.npy: element type <c8 is not supported/, /astype/],
  ["records", edited("'<i2'", "[('x', '<i2')]"), /got records with named fields/, /array\['field'\]/],
  ["a .npz archive", Uint8Array.from(Buffer.from("PK\x03\x04 and more")), /got a zip archive, as \.npz/, /numpy\.save/],
  ["another file", new TextEncoder().encode("RIFF....WAVEfmt "), /expected a \.npy file/, /numpy\.save/],
  ["a file cut off", byHand().subarray(0, 132), /needs 12 bytes, got 4/, /numpy\.save/],
])("%s: refused by name, with what to do", (_, bytes, message, hint) => {
  let error: unknown;
  try {
    readNpy(bytes, "a.npy");
  } catch (caught) {
    error = caught;
  }

  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toMatch(message);
  expect((error as FormatError).hint).toMatch(hint);
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
