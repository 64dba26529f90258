// The rewarder of ppo.yaml: collects the rewards of a rollout and says them as its score. It copies float32 numbers and
// adds none, so it says the same bits as nodes/rewarder.py.
import { NDArray } from "./arrays.mjs";
import { run } from "./node.mjs";

const rolloutSteps = Number(process.argv[2]);
let rewards = [];

run({
  *hear({ rollout, step, reward }) {
    rewards.push(reward);
    const steps = rewards.reduce((sum, one) => sum + one.shape[0], 0);
    if (steps < rolloutSteps) return;
    const numbers = Float32Array.from(rewards.flatMap((one) => [...one.data]));
    const shape = [steps, reward.shape[1]];
    rewards = [];
    yield {
      type: "Score", rollout, step: step + 1, reward: new NDArray("float32", shape, numbers),
      absorbing_reward: new NDArray("float32", shape, new Float32Array(numbers.length)), enough: false,
    };
  },
  state: () => rewards,
  load: (state) => { rewards = state; },
});
