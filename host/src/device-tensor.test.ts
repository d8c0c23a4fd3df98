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
