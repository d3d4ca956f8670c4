import { type CpuReading, cpuBetween, readCpu } from '../processes/cpu-time';
import { type Stage } from '../stage';

export interface RawResult {
  jobs: number;
  perSecond: number;
  seconds: number;
  cpu?: CpuReading;
}

/**
 * What bare BullMQ manages on this machine at this moment: `addBulk` with the same bodies, no-op worker, no database;
 * from the first add until the last job is completed.
 */
export async function probeRaw(stage: Stage, count: number, queue: string): Promise<RawResult> {
  const plan = { redisUrl: stage.redisUrl, queue, count };
  await stage.rawWorker.call('prepare', plan);
  await stage.rawProducer.call('prepare', plan);
  const cpuBefore = readCpu(stage.classes);
  const [{ startedAt }, { finishedAt }] = await Promise.all([
    stage.rawProducer.call('run', undefined),
    stage.rawWorker.call('finished', undefined),
  ]);
  const cpu = cpuBetween(cpuBefore, readCpu(stage.classes));
  await stage.rawProducer.call('clear', undefined);
  const seconds = (finishedAt - startedAt) / 1000;
  return { jobs: count, perSecond: count / seconds, seconds, cpu };
}
