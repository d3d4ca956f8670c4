const tasks = new Set<() => void>();

const runAll = () => {
  for (const task of tasks) task();
};

/**
 * Runs a task when this process ends, so that a test run that is cut off leaves nothing behind. One listener serves all:
 * a test of a whole system starts more processes than Node expects listeners.
 * @returns forgets the task
 */
export function atExit(task: () => void): () => void {
  if (tasks.size === 0) process.once('exit', runAll);
  tasks.add(task);
  return () => {
    tasks.delete(task);
    if (tasks.size === 0) process.off('exit', runAll);
  };
}
