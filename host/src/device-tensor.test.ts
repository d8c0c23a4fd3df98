import { tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { allocTensor } from "./device-tensor.ts";
import { openDevice } from "./open-device.ts";

test("an array with a margin lies between rows of zeros, and its rows are counted without them", async () => {
  const device = await openDevice("sim");
  const array = await allocTensor(
    device,
    { dtype: "i32", shape: [2, 16], padded: [4, 16], margin: { before: 1, after: 1 } },
    0,
  );
  const values = tensor(
    "i32",
    [2, 16],
    Int32Array.from({ length: 32 }, (_, i) => i + 1),
  );

  await array.write(values);
  const second = array.rows(1, 1);

  expect([...(await second.read()).data]).toEqual([...values.data.subarray(16)]);
  expect([...(await array.read()).data]).toEqual([...values.data]);
  await array.bo.sync("fromDevice");
  const whole = new Int32Array(new Uint8Array(array.bo.read()).buffer);
  expect(whole.filter((value) => value === 0)).toHaveLength(32);
  expect([whole[15], whole[16], whole[47], whole[48]]).toEqual([0, 1, 32, 0]);
  second.close();
  array.close();
  await device.close();
});

test.each([
  ["rows", { shape: [2, 16], padded: [4, 16], margin: { before: 1, after: 1 } }],
  ["rows and columns", { shape: [2, 15], padded: [4, 16], margin: { before: 1, after: 1 } }],
] as const)("what the device left in the padding (%s) is zero again once an array was written", async (_, layout) => {
  const device = await openDevice("sim");
  const array = await allocTensor(device, { dtype: "i32", ...layout }, 0);
  await array.writeBuffer(new Uint8Array(4 * 4 * 16).fill(0xff));
  expect([...(await array.read()).data]).toEqual([...new Int32Array(2 * layout.shape[1]).fill(-1)]);

  await array.write(tensor("i32", layout.shape, new Int32Array(2 * layout.shape[1]).fill(7)));

  const whole = new Int32Array(new Uint8Array(array.bo.read()).buffer);
  expect(whole.filter((value) => value === 7)).toHaveLength(2 * layout.shape[1]);
  expect(whole.filter((value) => value === 0)).toHaveLength(whole.length - 2 * layout.shape[1]);
  array.close();
  await device.close();
});
