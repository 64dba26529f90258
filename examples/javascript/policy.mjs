// A policy in the place of nodes/policy.py: a control law that pushes CartPole's cart where its pole falls. It has no
// network, because sums of float32 in another order give other bits; this law is exact, so a run's digest can be compared.
import { NDArray } from "./arrays.mjs";
import { run } from "./node.mjs";

const node = {
  version: 0,
  done: false,

  *hear(message) {
    if (message.type === "Weights") {
      this.version = message.policy_version; // and message.tensors is a safetensors file
      this.done = message.stop;
      return;
    }
    const [envs, numbers] = message.observation.shape;
    const row = (i) => message.observation.data.subarray(i * numbers, (i + 1) * numbers);
    const falls = (i) => row(i)[2] + row(i)[3] > 0; // angle [rad] + angular velocity [rad/s]
    yield {
      type: "Action", rollout: message.rollout, step: message.step, policy_version: this.version,
      action: new NDArray("int64", [envs], BigInt64Array.from({ length: envs }, (_, i) => (falls(i) ? 1n : 0n))),
      log_prob: new NDArray("float32", [envs], new Float32Array(envs)),
    };
  },
  state() { return [this.version, this.done]; },
  load([version, done]) { Object.assign(this, { version, done }); },
};
run(node);
