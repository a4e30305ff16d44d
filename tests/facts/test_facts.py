"""Receptive fields that others published or measured: files of the onnx package, papers, libraries' tables."""

from pathlib import Path

import onnx
import pytest

import rfonnx

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"

# model: last spatial tensor, then field size, stride and effective padding (-start) of rows and columns alike, at 224 px
LIGHT_FIELDS = {
    "bvlc_alexnet": ("r14", 195, 32, 64),
    "densenet121": ("r907", 2071, 32, 1021),
    "inception_v1": ("r137", 715, 32, 327),
    "inception_v2": ("r504", 699, 32, 343),
    "resnet50": ("r171", 427, 32, 213),
    "shufflenet": ("r198", 527, 32, 263),
    "squeezenet": ("r64", 207, 16, 88),
    "vgg19": ("r36", 268, 32, 118),
    "zfnet512": ("r14", 155, 32, 48),
}


def numbers(a, tensor, axis=2):
    """Size, stride and effective padding of a tensor whose field slides; after a Concat, of its widest channels."""
    field = a.tensors[tensor].fields[a.inputs[0], axis]
    assert (field.kind, field.period, field.tensor_axis) == ("local", 1, axis)
    return field.size, field.stride, -field.start


def analyze_light(model):
    return rfonnx.analyze(LIGHT / f"light_{model}.onnx")


@pytest.mark.parametrize("model", LIGHT_FIELDS)
def test_light_models_of_the_onnx_package(model):
    tensor, *expected = LIGHT_FIELDS[model]
    a = analyze_light(model)
    assert numbers(a, tensor, 2) == numbers(a, tensor, 3) == tuple(expected)
    assert a.tensors[tensor].exact


def test_resnet50_after_its_global_pool():
    a = analyze_light("resnet50")
    field = a.tensors["r172"].fields["gpu_0/data_0", 2]
    assert (field.size, field.coverage) == (427 + 6 * 32, 1.0)


def test_inception_v2_has_two_misaligned_joins():
    a = analyze_light("inception_v2")

    def centers(name, axis):
        field = a.tensors[name].fields["data_0", axis]
        return {field.center} if field.aligned else set(field.offsets)

    graph = onnx.load(LIGHT / "light_inception_v2.onnx", load_external_data=False).graph
    joins = [node for node in graph.node if node.op_type == "Concat"]
    assert len(joins) == 10
    for axis in (2, 3):
        apart = [j.output[0] for j in joins if len({frozenset(centers(i, axis)) for i in j.input}) > 1]
        assert apart == ["r161", "r402"]  # each joins two convs 3/2 p1 with a pool 3/2 padded at the end only
        assert not a.tensors["r161"].fields["data_0", axis].aligned
        assert a.tensors["r124"].fields["data_0", axis].aligned


TORCHVISION = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


@pytest.mark.parametrize(("depth", "size"), [(18, 435), (34, 899), (50, 427), (101, 971), (152, 1451)])
def test_torchvision_resnets(recipes, depth, size):
    a = rfonnx.analyze(recipes.resnet(TORCHVISION[depth], bottleneck=depth >= 50, width=1))
    last = f"layer4.{TORCHVISION[depth][-1] - 1}.relu"
    assert numbers(a, last) == (size, 32, size // 2)  # odd kernels padded by half: centred on pixel 0


def test_tf_slim_resnet_v1_50_by_block(recipes):
    a = rfonnx.analyze(recipes.resnet(TORCHVISION[50], bottleneck=True, slim=True, width=1))
    ends = [f"layer{stage}.{units - 1}.relu" for stage, units in enumerate(TORCHVISION[50], 1)]
    assert [numbers(a, end) for end in ends] == [(35, 8, 15), (99, 16, 47), (291, 32, 143), (483, 32, 239)]


@pytest.mark.parametrize(("depth", "size"), [(101, 1027), (152, 1507)])
def test_tf_slim_resnets_v1(recipes, depth, size):
    a = rfonnx.analyze(recipes.resnet(TORCHVISION[depth], bottleneck=True, slim=True, width=1))
    assert numbers(a, "layer4.2.relu")[0] == size


def test_mobilenet_v2(recipes):
    assert numbers(rfonnx.analyze(recipes.mobilenet_v2()), "last.relu")[:2] == (491, 32)


def test_convnext_tiny(recipes):
    assert numbers(rfonnx.analyze(recipes.convnext_tiny()), "stage3.2")[:2] == (1688, 32)


@pytest.mark.parametrize(("layers", "size"), [(1, 16), (2, 34), (3, 70), (4, 142), (5, 286)])
def test_patchgan(recipes, layers, size):
    assert numbers(rfonnx.analyze(recipes.patchgan(layers)), "patch")[:2] == (size, 2**layers)


@pytest.mark.parametrize(("kernel", "dilations", "size"), [(3, (1, 3, 5), 37), (4, (1, 2, 4, 8, 16, 32), 379)])
def test_keras_tcn(recipes, kernel, dilations, size):
    a = rfonnx.analyze(recipes.keras_tcn(kernel, dilations))
    assert numbers(a, a.outputs[0]) == (size, 1, size - 1)


# reach: CSBDeep's table for k3, two convs a level, pool 2: the furthest that a grid-aligned pixel sees.
# sizes: models/README.md's formula for the U-Net, where the two floors differ by 4 * (1 - 2**-depth), rounded down or up.
UNETS = [(1, 9, 18, 18), (2, 22, 44, 44), (3, 46, 92, 100), (4, 94, 188, 204), (5, 190, 380, 412)]


@pytest.mark.parametrize(("depth", "reach", "smallest", "largest"), UNETS)
def test_unet_by_depth(recipes, depth, reach, smallest, largest):
    a = rfonnx.analyze(recipes.unet(depth, width=1, shape=(512, 512)))
    lo, hi = (bound.ravel()[256] for bound in a.intervals("mask", input="x", axis=2, clip=False))
    assert max(256 - lo, hi - 256) == reach
    field = a.tensors["mask"].fields["x", 2]
    assert (field.kind, field.period, field.stride) == ("periodic", 2**depth, 1)
    assert (field.size_min, field.size) == (smallest, largest)


@pytest.mark.parametrize(("layers", "kernel", "dilation"), [(3, 3, 2), (1, 7, 1), (4, 2, 3), (6, 5, 1)])
def test_uniform_stacks_span_one_plus_each_kernels_reach(recipes, layers, kernel, dilation):
    a = rfonnx.analyze(recipes.uniform_stack(layers, kernel, dilation))
    field = a.tensors[a.outputs[0]].fields["x", 2]
    assert field.size == 1 + layers * (kernel - 1) * dilation
