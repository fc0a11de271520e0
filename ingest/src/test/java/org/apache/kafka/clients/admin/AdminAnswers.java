package org.apache.kafka.clients.admin;

import java.util.Map;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.internals.KafkaFutureImpl;

/** Makes answers of an {@link Admin} that only Kafka's own package may make. */
public final class AdminAnswers {
  private AdminAnswers() {}

  public static DescribeTopicsResult topic(String name, KafkaFuture<TopicDescription> answer) {
    return DescribeTopicsResult.ofTopicNames(Map.of(name, answer));
  }

  public static CreateTopicsResult created(String name, RuntimeException fault) {
    KafkaFutureImpl<CreateTopicsResult.TopicMetadataAndConfig> answer = new KafkaFutureImpl<>();
    if (fault == null) {
      answer.complete(null);
    } else {
      answer.completeExceptionally(fault);
    }
    return new CreateTopicsResult(Map.of(name, answer));
  }

  public static CreatePartitionsResult grown(String name, RuntimeException fault) {
    KafkaFutureImpl<Void> answer = new KafkaFutureImpl<>();
    if (fault == null) {
      answer.complete(null);
    } else {
      answer.completeExceptionally(fault);
    }
    return new CreatePartitionsResult(Map.of(name, answer));
  }

  public static DescribeConfigsResult configs(ConfigResource resource, KafkaFuture<Config> answer) {
    return new DescribeConfigsResult(Map.of(resource, answer));
  }
}
