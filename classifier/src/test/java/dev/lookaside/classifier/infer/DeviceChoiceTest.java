package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DeviceChoiceTest {
  private static final Set<String> BOTH = Set.of("CPU", "CUDA");
  private final List<Device> tried = new ArrayList<>();

  @Test
  void autoTakesCudaWhereItWorks() {
    DeviceChoice<String> c = DeviceChoice.open(Device.AUTO, BOTH, this::works);
    assertThat(c.device()).isEqualTo(Device.CUDA);
    assertThat(tried).containsExactly(Device.CUDA);
  }

  @Test
  void autoFallsBackToTheCpuAndSaysWhyInOneLine() {
    DeviceChoice<String> c = DeviceChoice.open(Device.AUTO, BOTH, this::cudaFails);
    assertThat(c.device()).isEqualTo(Device.CPU);
    assertThat(c.why())
        .contains("no CUDA: ")
        .contains("libcuda.so.1 not found")
        .doesNotContain("\n");
  }

  @Test
  void aLibraryThatDoesNotLinkIsNoReasonToFail() {
    DeviceChoice<String> c =
        DeviceChoice.open(
            Device.AUTO,
            BOTH,
            device -> {
              if (device == Device.CUDA) {
                throw new UnsatisfiedLinkError("libcudart.so.12");
              }
              return "session";
            });
    assertThat(c.why()).isEqualTo("no CUDA: libcudart.so.12");
  }

  /** As ONNX Runtime says it where no GPU is. */
  @Test
  void theCauseIsSaidWithoutOnnxRuntimesSourceLines() {
    DeviceChoice<String> c =
        DeviceChoice.open(
            Device.AUTO,
            BOTH,
            device -> {
              if (device == Device.CUDA) {
                throw new OrtException(
                    "Error code - ORT_FAIL - message: /onnxruntime_src/x.cc:62 static [ONNXRuntimeError]"
                        + " : 1 : FAIL : CUDA failure 100: no CUDA-capable device is detected ; GPU=-1"
                        + " ; hostname=vm ; file=/onnxruntime_src/x.cc ; line=69 ;");
              }
              return "session";
            });
    assertThat(c.why()).isEqualTo("no CUDA: CUDA failure 100: no CUDA-capable device is detected");
  }

  @Test
  void aBuildWithoutCudaIsNotTried() {
    DeviceChoice<String> c = DeviceChoice.open(Device.AUTO, Set.of("CPU"), this::works);
    assertThat(tried).containsExactly(Device.CPU);
    assertThat(c.why()).contains("this build of ONNX Runtime has no CUDA");
  }

  @Test
  void cudaConfiguredIsCudaOrAnError() {
    assertThatThrownBy(() -> DeviceChoice.open(Device.CUDA, BOTH, this::cudaFails))
        .isInstanceOf(ScorerException.class)
        .hasMessageContaining("device \"cuda\": cannot be used")
        .hasMessageContaining("libcuda.so.1 not found");
    assertThatThrownBy(() -> Device.of("gpu")).hasMessageContaining("device \"gpu\": must be");
  }

  @Test
  void cpuConfiguredNeverTriesCuda() {
    DeviceChoice.open(Device.CPU, BOTH, this::works);
    assertThat(tried).containsExactly(Device.CPU);
  }

  private String works(Device device) {
    tried.add(device);
    return "session";
  }

  private String cudaFails(Device device) throws OrtException {
    tried.add(device);
    if (device == Device.CUDA) {
      throw new OrtException("libcuda.so.1 not found\nwhile loading");
    }
    return "session";
  }
}
