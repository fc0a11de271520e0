/**
 * The running processes: the worker ({@link dev.lookaside.deploy.service.Service}) and the trainer
 * ({@link dev.lookaside.deploy.service.TrainerService}), their supervision, metrics and health.
 *
 * <p>Promise: the pipeline's supervisors are not in the path of the data; a process stops in order
 * within one deadline, or says that it could not.
 */
@NullMarked
package dev.lookaside.deploy.service;

import org.jspecify.annotations.NullMarked;
