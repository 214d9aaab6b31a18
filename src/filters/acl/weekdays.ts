// Days of the week as they are written, in the order of their numbers: Monday is 0.

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
