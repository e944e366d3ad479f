// Trains the classifier whose features the Fréchet distance of the studies is measured in, and writes it beside this file:
//     ./arkernel run data/fashion-mnist-features.cs --no-save
using ArKernel.Data;
using ArKernel.Metrics;

ImageSet training = FashionMnist.Training().ToImageSet().Pad(32);
ImageSet test = FashionMnist.Test().ToImageSet().Pad(32);
FeatureNetwork network = FeatureNetwork.Train(training, steps: 2500);
network.Save("fashion-mnist-features.safetensors");
network.Accuracy(test)
