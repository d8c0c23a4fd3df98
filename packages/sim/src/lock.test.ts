import { expect, test } from "vitest";
import { SimFault } from "./fault.ts";
import { Lock } from "./lock.ts";
import { Scheduler } from "./scheduler.ts";

function lockAndUsers(init: number) {
  const lock = new Lock({ tile: { col: 0, row: 2 }, id: 3, name: "in_cons_lock_0", init }, new Scheduler());
  const granted: string[] = [];
  const user = (agentName: string) => ({ agentName, lockGranted: () => granted.push(agentName) });
  return { lock, granted, user };
}

test("AcquireGreaterEqual 2 takes 2 of 3, Acquire 2 does not take 3", () => {
  const { lock, user } = lockAndUsers(3);

  expect(lock.acquire(user("equal"), { equal: true, amount: 2 })).toBe(false);
  expect(lock.acquire(user("at least"), { equal: false, amount: 2 })).toBe(true);

  expect(lock.value).toBe(1);
});

test("Acquire 2 is granted when the value passes by exactly 2", () => {
  const { lock, granted, user } = lockAndUsers(0);
  lock.acquire(user("a"), { equal: true, amount: 2 });

  lock.release(1, "test");
  expect(granted).toEqual([]);
  lock.release(1, "test");

  expect(granted).toEqual(["a"]);
  expect(lock.value).toBe(0);
});

test("users are served in the order they came, one that needs more does not hold up the others", () => {
  const { lock, granted, user } = lockAndUsers(0);
  lock.acquire(user("needs 3"), { equal: false, amount: 3 });
  lock.acquire(user("second"), { equal: false, amount: 1 });
  lock.acquire(user("third"), { equal: false, amount: 1 });

  lock.release(2, "test");

  expect(granted).toEqual(["second", "third"]);
  expect(lock.waiting.map((wait) => wait.user.agentName)).toEqual(["needs 3"]);
});

test("a value above 63 is a fault that names the lock and who released it", () => {
  const { lock } = lockAndUsers(63);

  expect(() => lock.release(1, "core (0,2)")).toThrow(SimFault);
  expect(() => lock.release(1, "core (0,2)")).toThrow(
    /core \(0,2\): lock in_cons_lock_0 \(id 3 of tile \(0,2\)\).*become 64/,
  );
});
