import { DeviceError } from "@aiekit/core";
import { expect, test } from "vitest";
import { SimBo } from "./sim-bo.ts";

const hostOnly = { flags: "hostOnly", group: 0x10000 } as const;
const newBo = (sizeBytes: number) => new SimBo(sizeBytes, hostOnly, () => {});

test("the device does not see what the host wrote before sync toDevice", async () => {
  const bo = newBo(8);

  bo.write(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  const before = [...bo.bytes];
  await bo.sync("toDevice");

  expect(before).not.toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...bo.bytes]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("the host does not see what the device wrote before sync fromDevice", async () => {
  const bo = newBo(4);

  bo.bytes.set([9, 8, 7, 6]);
  const before = [...bo.read()];
  await bo.sync("fromDevice");

  expect(before).toEqual([0, 0, 0, 0]);
  expect([...bo.read()]).toEqual([9, 8, 7, 6]);
});

test("a sync of a range leaves the bytes around it alone, in both directions", async () => {
  const bo = newBo(4);
  bo.write(Uint8Array.of(1, 1, 1, 1));
  await bo.sync("toDevice");
  bo.write(Uint8Array.of(2, 2, 2, 2));

  await bo.sync("toDevice", { offsetBytes: 1, sizeBytes: 2 });
  expect([...bo.bytes]).toEqual([1, 2, 2, 1]);

  await bo.sync("fromDevice", { offsetBytes: 3 });
  expect([...bo.read()]).toEqual([2, 2, 2, 1]);
});

test("device memory that nobody sent is neither zeros nor the host's bytes", () => {
  expect(newBo(64).bytes.filter((byte) => byte === 0).length).toBeLessThan(8);
});

test("ranges past the end are refused with offset, size and the size of the BO", async () => {
  const bo = newBo(16);

  await expect(bo.sync("toDevice", { offsetBytes: 0, sizeBytes: 17 })).rejects.toThrow(
    "within 16 bytes, got offset 0, size 17",
  );
  expect(() => bo.write(new Uint8Array(8), 9)).toThrow("within 16 bytes, got offset 9, size 8");
  expect(() => bo.read({ offsetBytes: -1 })).toThrow(DeviceError);
});

test("sizes of 0, below 0, broken and too large to allocate are refused", () => {
  for (const size of [0, -4, 1.5, Number.NaN, 2 ** 52]) expect(() => newBo(size)).toThrow(DeviceError);
});

test("close detaches every view of the buffer, and may be called twice", async () => {
  const bo = newBo(16);
  const view = new Uint8Array(bo.map());

  bo.close();
  bo.close();

  expect(view.length).toBe(0);
  expect(() => bo.map()).toThrow("BO of 16 bytes: map after close");
  await expect(bo.sync("toDevice")).rejects.toThrow("sync after close");
});

test("a BO that a run in flight uses cannot be closed until the run releases it", () => {
  const bo = newBo(16);
  bo.acquire();

  expect(() => bo.close()).toThrow("1 run(s) in flight");

  bo.release();
  bo.close();
  expect(bo.closed).toBe(true);
});

/** A BO of 8 bytes, and a place where its device memory may be brought. */
function withPlace() {
  const bo = newBo(8);
  bo.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
  return { bo, place: new Uint8Array(new ArrayBuffer(24), 8, 8) };
}

test("device memory that was brought to another place is synced and used there, and comes back with its bytes", async () => {
  const { bo, place } = withPlace();
  bo.acquire();
  expect(bo.moveTo(place)).toBe(true);
  bo.release();

  expect(bo.bytes).toBe(place);
  expect([...place]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  bo.write(Uint8Array.of(9), 2);
  await bo.sync("toDevice", { offsetBytes: 2, sizeBytes: 1 });
  expect([...place]).toEqual([1, 2, 9, 4, 5, 6, 7, 8]);

  expect(bo.moveOut()).toBe(true);
  place.fill(0);
  expect([...bo.bytes]).toEqual([1, 2, 9, 4, 5, 6, 7, 8]);
});

test("device memory stays where it is while it has parts", () => {
  const bo = newBo(72);
  const place = new Uint8Array(72);
  const part = bo.part({ offsetBytes: 64 });
  part.bytes.set([5, 6, 7, 8], 4);
  expect([bo.moveTo(place), part.moveTo(place.subarray(64))]).toEqual([false, false]);
  part.close();
  expect(bo.moveTo(place)).toBe(true);

  const later = bo.part({ offsetBytes: 64 });
  expect(bo.moveOut()).toBe(false);
  expect(later.bytes.buffer).toBe(place.buffer);
  expect([...later.bytes.subarray(4)]).toEqual([5, 6, 7, 8]);
});

test("device memory stays where it is for a second run, and is not taken back from a first", () => {
  const { bo, place } = withPlace();
  bo.acquire();
  bo.acquire();
  expect(bo.moveTo(place)).toBe(false);
  bo.release();
  expect(bo.moveTo(place)).toBe(true);
  expect(bo.moveOut()).toBe(false);
  bo.release();
  expect(bo.moveOut()).toBe(true);
});

test("device memory to which a run has left transfers under way stays where it is for good", () => {
  const { bo, place } = withPlace();
  bo.acquire();
  bo.release({ stays: true });
  expect([bo.moveTo(place), bo.moveOut()]).toEqual([false, false]);
});
