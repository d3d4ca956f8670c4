import type { Action, BehaviourRule } from './behaviour';
import { Behaviours } from './behaviours';

const refuse = (code: number): Action => ({ type: 'fail', code, at: 'rcpt' });
const rule = (more: Partial<BehaviourRule>): BehaviourRule => ({
  channel: 'email',
  action: refuse(451),
  ...more,
});

describe('Behaviours', () => {
  it('accepts everything without rules', () => {
    expect(new Behaviours().decide('sms', ['+49151'])).toEqual({ type: 'accept' });
  });

  it('applies a rule to its channel and recipient only', () => {
    const behaviours = new Behaviours();
    behaviours.add(rule({ match: { to: '*@slow.test' } }));
    expect(behaviours.decide('email', ['a@slow.test'])).toMatchObject({ type: 'fail', code: 451 });
    expect(behaviours.decide('email', ['a@fast.test'])).toEqual({ type: 'accept' });
    expect(behaviours.decide('webhook', ['a@slow.test'])).toEqual({ type: 'accept' });
  });

  it('lets the newest matching rule win', () => {
    const behaviours = new Behaviours();
    behaviours.add(rule({ channel: '*' }));
    behaviours.add(rule({ action: refuse(550) }));
    expect(behaviours.decide('email', ['a@x.test'])).toMatchObject({ code: 550 });
    expect(behaviours.decide('sms', ['+49151'])).toMatchObject({ code: 451 });
  });

  it('ends a rule that has applied as often as it was to', () => {
    const behaviours = new Behaviours();
    behaviours.add(rule({ times: 2 }));
    const decide = () => behaviours.decide('email', ['a@x.test']).type;
    expect([decide(), decide(), decide()]).toEqual(['fail', 'fail', 'accept']);
    expect(behaviours.list()).toEqual([]);
  });

  it('counts how often a rule has applied', () => {
    const behaviours = new Behaviours();
    const { id } = behaviours.add(rule({}));
    behaviours.decide('email', ['a@x.test']);
    expect(behaviours.list()).toMatchObject([{ id, applied: 1 }]);
  });

  it('throttles by time, counting what it refuses', () => {
    let now = 0;
    const behaviours = new Behaviours(() => now);
    behaviours.add(
      rule({ channel: 'sms', action: { type: 'throttle', perSecond: 1, retryAfterSeconds: 3 } }),
    );
    expect(behaviours.decide('sms', ['+1']).type).toBe('accept');
    expect(behaviours.decide('sms', ['+1'])).toEqual({ type: 'throttled', retryAfterSeconds: 3 });
    expect(behaviours.list()[0]?.applied).toBe(1);
    now = 1000;
    expect(behaviours.decide('sms', ['+1']).type).toBe('accept');
  });

  it('drops SMTP connections before a recipient is known, and asks that rule never again', () => {
    const behaviours = new Behaviours();
    behaviours.add(rule({ action: { type: 'drop', at: 'connect' } }));
    expect(behaviours.dropsConnection()).toBe(true);
    expect(behaviours.decide('email', ['a@x.test'])).toEqual({ type: 'accept' });
  });

  it('takes a drop at connect for HTTP as a drop of the request', () => {
    const behaviours = new Behaviours();
    behaviours.add(rule({ channel: '*', action: { type: 'drop', at: 'connect' } }));
    expect(behaviours.decide('webhook', ['/webhook'])).toMatchObject({ type: 'drop' });
  });

  it('combines what is answered, what becomes of an SMS and how that is reported', () => {
    const behaviours = new Behaviours();
    behaviours.add(rule({ channel: 'sms', action: { type: 'receipts', mode: 'none', delayMs: 0 } }));
    behaviours.add(
      rule({ channel: 'sms', action: { type: 'undelivered', errorCode: 30003, status: 'failed' }, times: 1 }),
    );
    expect(behaviours.decide('sms', ['+1'])).toEqual({ type: 'accept' });
    expect(behaviours.outcomeOf('+1', 'twilio')).toMatchObject({ errorCode: 30003 });
    expect(behaviours.receiptsOf('+1', 'twilio')).toMatchObject({ mode: 'none' });
    expect(behaviours.outcomeOf('+1', 'twilio')).toBeUndefined();
  });

  it('keeps a rule for one door to it', () => {
    const behaviours = new Behaviours();
    const match = { provider: 'vonage' };
    behaviours.add(rule({ channel: 'sms', match, action: { type: 'drop', at: 'data' } }));
    behaviours.add(rule({ channel: 'sms', match, action: { type: 'receipts', mode: 'none', delayMs: 0 } }));
    expect(behaviours.decide('sms', ['+1'], 'twilio')).toEqual({ type: 'accept' });
    expect(behaviours.decide('sms', ['+1'])).toEqual({ type: 'accept' });
    expect(behaviours.receiptsOf('+1', 'twilio')).toBeUndefined();
    expect(behaviours.decide('sms', ['+1'], 'vonage')).toMatchObject({ type: 'drop' });
    expect(behaviours.receiptsOf('+1', 'vonage')).toMatchObject({ mode: 'none' });
  });

  it('removes one rule or all', () => {
    const behaviours = new Behaviours();
    const first = behaviours.add(rule({}));
    behaviours.add(rule({}));
    expect(behaviours.remove(first.id)).toBe(true);
    expect(behaviours.remove(first.id)).toBe(false);
    behaviours.clear();
    expect(behaviours.list()).toEqual([]);
  });
});
