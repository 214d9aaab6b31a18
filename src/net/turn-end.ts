// Calls back once at the end of the event loop's turn, when every socket that had something to say was heard. Knows no protocol.

/** Something that gathers during a turn. */
export interface TurnEndTask {
  onTurnEnd(): void;
}

/** One a thread. Costs nothing while nobody asks. */
export class TurnEnd {
  private tasks: TurnEndTask[];
  private running: TurnEndTask[];

  constructor() {
    this.tasks = [];
    this.running = [];
  }

  /** Asks for one call. Whoever asks again during the calls is called in the next turn. */
  add(task: TurnEndTask): void {
    if (this.tasks.push(task) === 1) setImmediate(this.run);
  }

  private readonly run = (): void => {
    const { tasks } = this;
    this.tasks = this.running;
    this.running = tasks;
    for (let i = 0; i < tasks.length; i++) tasks[i]!.onTurnEnd();
    tasks.length = 0;
  };
}
